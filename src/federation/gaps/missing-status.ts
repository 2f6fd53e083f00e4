import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { RoomId } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import { inboxFigures } from '../inbound/inbox.table.ts';
import { awaitedFigures } from '../joining/awaited-event.table.ts';
import { type HoleFigures, holeFigures, roomsWithHoles } from './holes.table.ts';

/** What is known to be missing of rooms, and what lies in the inbox. */
export interface MissingStatus {
  /** Events that others build on and that are asked for. */
  readonly missing: number;
  /** Those that nobody has any more. */
  readonly lost: number;
  /** For how long the first of the missing has been missing. */
  readonly ageSeconds: number;
  /** The rooms in which most is missing or lost. */
  readonly rooms: readonly { readonly roomId: RoomId; readonly events: number }[];
  /** Events that came and wait for what they build on, or for a key. */
  readonly waiting: number;
  /** Those that were given up. */
  readonly setAside: number;
  /** Events of the states of rooms that cannot be checked or judged yet: those rooms are not whole. */
  readonly awaited: number;
  /** Such events that were refused, or tried for a week in vain. */
  readonly givenUp: number;
}

interface Parts {
  readonly db: Queryable;
  readonly clock: Clock;
}

const MOST_ROOMS = 5;

export async function missingStatus({ db, clock }: Parts): Promise<MissingStatus> {
  const figures = await holeFigures(db);
  const rooms = figures.missing === 0 ? [] : await roomsWithHoles(db, MOST_ROOMS);
  const { waiting, aside } = await inboxFigures(db);
  const { awaited, givenUp } = await awaitedFigures(db);
  return {
    missing: figures.missing - figures.lost,
    lost: figures.lost,
    ageSeconds: ageOf(figures, clock),
    rooms: rooms.map(({ room_id: roomId, missing }) => ({ roomId, events: missing })),
    waiting,
    setAside: aside,
    awaited,
    givenUp,
  };
}

function ageOf({ since }: HoleFigures, clock: Clock): number {
  return since === undefined ? 0 : Math.max(0, clock.now() - since) / 1000;
}

export function showMissing(metrics: Metrics, { db, clock }: Parts): void {
  const gauge = (name: string, help: string, read: (figures: HoleFigures) => number) =>
    metrics.gauge(name, help, async () => read(await holeFigures(db)));
  gauge(
    'federation_missing_events',
    'Events that others build on, that nobody has sent us and that are asked for.',
    ({ missing, lost }) => missing - lost,
  );
  gauge('federation_lost_events', 'Such events that nobody has any more.', ({ lost }) => lost);
  gauge('federation_missing_age_seconds', 'For how long the first of the missing events has been missing.', figures =>
    ageOf(figures, clock),
  );
}
