import type { Queryable } from '../db/database.ts';
import { extentOfRooms } from '../rooms/rooms.table.ts';
import { DEFAULT_TIMELINE, MOST_TIMELINE, type SyncFilter } from './sync-filter.ts';

/** An event on its way to a client: as stored, as the client gets it, as text (measured on memberships, rounded up). */
const EVENT_BYTES = 6 * 1024;
/** What there is of a room's state besides its members, in events. */
const OTHER_STATE = 15;

/** About what an initial sync holds while it is made, in bytes of live memory. */
export async function initialSyncBytes(db: Queryable, userNid: number, filter: SyncFilter): Promise<number> {
  const { rooms, members } = await extentOfRooms(db, userNid);
  const timeline = Math.min(filter.timeline.limit ?? DEFAULT_TIMELINE, MOST_TIMELINE);
  // Lazily loaded members are those of the timeline.
  const state = filter.state.lazyLoadMembers ? rooms * timeline : members;
  return EVENT_BYTES * (rooms * (timeline + OTHER_STATE) + state);
}
