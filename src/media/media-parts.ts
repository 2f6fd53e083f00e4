import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import type { MediaStore } from './media-store.ts';
import type { RemoteMedia } from './ports.ts';
import type { MediaSettings } from './settings.ts';

/** What media is built from. */
export interface MediaParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly serverName: ServerName;
  readonly settings: MediaSettings;
  /** Files under `settings.folder` unless given. */
  readonly store?: MediaStore;
  /** None unless given. */
  readonly remote?: RemoteMedia;
}

export type WithStore = { readonly store: MediaStore };

/** The bus subject on which the content of a reserved URI is announced. */
export function uploadedSubject(mediaNid: number): string {
  return `media.${mediaNid}`;
}
