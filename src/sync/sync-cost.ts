import type { Queryable } from '../db/database.ts';
import type { LogToken } from '../rooms/log-token.ts';
import { extentOfRooms } from '../rooms/rooms.table.ts';
import { DEFAULT_NEWS, DEFAULT_TIMELINE, MOST_TIMELINE, type SyncFilter } from './sync-filter.ts';

/** An event on its way to a client: as stored, as the client gets it, as text (measured on memberships, rounded up). */
export const EVENT_BYTES = 6 * 1024;
/** A sync of so little is small: of who is in no room yet, or in a small one. */
export const SMALL_BYTES = 60 * EVENT_BYTES;
/** What there is of a room's state besides its members, in events. */
const OTHER_STATE = 15;

/**
 * About what an initial sync holds while it is made, in bytes of live memory. `mostHeld`: of so many members of a room; the
 * state of larger ones is read while it is written.
 */
export async function initialSyncBytes(
  db: Queryable,
  userNid: number,
  filter: SyncFilter,
  mostHeld?: number,
): Promise<number> {
  const { rooms, members } = await extentOfRooms(db, userNid, mostHeld);
  const timeline = Math.min(filter.timeline.limit ?? DEFAULT_TIMELINE, MOST_TIMELINE);
  // Lazily loaded members are those of the timeline.
  const state = filter.state.lazyLoadMembers ? rooms * timeline : members;
  return EVENT_BYTES * (rooms * (timeline + OTHER_STATE) + state);
}

/** A sync that goes on after at most so many entries of the logs is small: a busy minute, as a rule. */
const SMALL_GAP = 50;

/** The same for one that goes on from an earlier one; undefined when it cannot be much. */
export async function catchUpBytes(
  db: Queryable,
  userNid: number,
  filter: SyncFilter,
  { since, now }: { readonly since: LogToken; readonly now: LogToken },
): Promise<number | undefined> {
  const gap = now.shards.reduce((sum, pos, shard) => sum + pos - (since.shards[shard] ?? 0), 0);
  if (gap <= SMALL_GAP) return undefined;
  const { rooms, members } = await extentOfRooms(db, userNid);
  const timeline = Math.min(filter.timeline.limit ?? DEFAULT_NEWS, MOST_TIMELINE);
  const state = filter.state.lazyLoadMembers ? 0 : members;
  return EVENT_BYTES * Math.min(gap, rooms * (timeline + OTHER_STATE) + state);
}
