import type { Admission } from '../../src/base/admission.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { parseLogToken } from '../../src/rooms/log-token.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import { LogView } from '../../src/sync/log-view.ts';
import { Notifier } from '../../src/sync/notifier.ts';
import { SlidingSync } from '../../src/sync/sliding/sliding-sync.ts';
import type { SyncSources } from '../../src/sync/sources.ts';
import { Sync, type SyncRequest } from '../../src/sync/sync.ts';
import { compileSyncFilter } from '../../src/sync/sync-filter.ts';
import { Typing } from '../../src/sync/typing.ts';

/** Of a server whose other parts have nothing to say. */
export const quietSources: SyncSources = {
  globalAccountData: async () => [],
  roomAccountData: async () => [],
  accountDataOf: async () => [],
  accountData: async () => undefined,
  roomTags: async () => new Map(),
  pushRules: async () => undefined,
  unread: async () => new Map(),
  toDevice: async (_db, _user, _device, _after, upTo) => ({ events: [], upTo }),
  acknowledgeToDevice: async () => undefined,
  oneTimeKeyCounts: async () => ({ signed_curve25519: 0 }),
  unusedFallbackKeyTypes: async () => [],
  ownDeviceLists: async () => [],
  ignoredUsers: async () => new Set(),
};

export type SyncAnswer = JsonObject & {
  readonly next_batch: string;
  readonly rooms?: Record<string, Record<string, RoomAnswer>>;
};

export interface RoomAnswer {
  readonly timeline: { readonly events: ClientEventJson[]; readonly limited: boolean; readonly prev_batch: string };
  readonly state: { readonly events: ClientEventJson[] };
  readonly state_after?: { readonly events: ClientEventJson[] };
  readonly 'org.matrix.msc4222.state_after'?: { readonly events: ClientEventJson[] };
  readonly ephemeral: { readonly events: ClientEventJson[] };
  readonly account_data: { readonly events: ClientEventJson[] };
  readonly summary?: JsonObject;
  readonly invite_state?: { readonly events: ClientEventJson[] };
}

export interface ClientEventJson {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly content: JsonObject;
  readonly unsigned?: JsonObject;
}

/** The sync part over a rooms part. */
export class SyncBench implements Disposable {
  readonly rooms: RoomsParts;
  readonly notifier: Notifier;
  readonly typing: Typing;
  readonly sources: SyncSources;
  readonly logs: LogView;
  readonly sync: Sync;
  readonly slidingSync: SlidingSync;

  constructor(rooms: RoomsParts, sources: Partial<SyncSources> = {}, admission?: Admission) {
    this.rooms = rooms;
    // Waiting is done on the real clock: the rooms' clock ticks only when it is looked at.
    this.notifier = new Notifier({ ...rooms, clock: systemClock });
    this.typing = new Typing({
      clock: systemClock,
      random: systemRandom,
      bus: rooms.bus,
      changed: roomNid => void this.notifier.wakeRoom(roomNid),
    });
    const parts = { rooms: { ...rooms, clock: systemClock }, notifier: this.notifier, typing: this.typing };
    this.sources = { ...quietSources, ...sources };
    this.logs = new LogView(parts);
    const syncing = { ...parts, logs: this.logs, sources: this.sources, ...(admission && { admission }) };
    this.sync = new Sync(syncing);
    this.slidingSync = new SlidingSync(syncing);
  }

  async as(
    userId: UserId,
    since?: string,
    options: Partial<Omit<SyncRequest, 'filter'>> & { filter?: JsonObject } = {},
  ): Promise<SyncAnswer> {
    const userNid = await this.rooms.db.tx(tx => this.rooms.nids.users.internOne(tx, userId));
    const { filter, ...rest } = options;
    return (await this.sync.answer({
      view: { userId, userNid, deviceId: 'DEVICE' },
      since: since === undefined ? undefined : parseLogToken(since),
      fullState: false,
      stateName: 'state',
      timeoutMs: 0,
      signal: new AbortController().signal,
      ...rest,
      filter: compileSyncFilter(filter),
    })) as SyncAnswer;
  }

  [Symbol.dispose](): void {
    this.notifier[Symbol.dispose]();
    this.logs[Symbol.dispose]();
    this.typing[Symbol.dispose]();
  }
}

export function ids(events: readonly ClientEventJson[]): string[] {
  return events.map(event => event.event_id);
}

export function types(events: readonly ClientEventJson[]): string[] {
  return events.map(event =>
    event.state_key === undefined || event.state_key === '' ? event.type : `${event.type} ${event.state_key}`,
  );
}
