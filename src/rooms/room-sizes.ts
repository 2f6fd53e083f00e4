import type { RoomId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { countEventsOf, meanEventBytes, statePages } from './room-sizes.table.ts';
import { roomsAfter } from './rooms.table.ts';

const AT_ONCE = 500;
const SAMPLE = 200;
/** What an event takes beside its text: columns and indexes. */
const EVENT_OVERHEAD = 250;

export interface RoomSize {
  readonly roomId: RoomId;
  /** An estimate, from the newest events and states. */
  readonly bytes: number;
}

/** The rooms with the most events, and about how much of the database they take. */
export async function largestRooms(db: Queryable, most: number): Promise<RoomSize[]> {
  let largest: { readonly nid: number; readonly roomId: RoomId; readonly events: number }[] = [];
  for (let after = 0; ; ) {
    const rows = await roomsAfter(db, after, AT_ONCE);
    for (const { nid, room_id: roomId } of rows) largest.push({ nid, roomId, events: await countEventsOf(db, nid) });
    largest = largest.sort((a, b) => b.events - a.events).slice(0, most);
    after = rows.at(-1)?.nid ?? after;
    if (rows.length < AT_ONCE) break;
  }
  const sizes: RoomSize[] = [];
  for (const { nid, roomId, events } of largest) {
    const { records, meanBytes } = await statePages(db, nid, SAMPLE);
    const bytes = events * ((await meanEventBytes(db, nid, SAMPLE)) + EVENT_OVERHEAD) + records * meanBytes;
    sizes.push({ roomId, bytes });
  }
  return sizes.sort((a, b) => b.bytes - a.bytes);
}
