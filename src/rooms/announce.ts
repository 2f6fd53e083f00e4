import type { Tx } from '../db/database.ts';
import { roomsOfUser } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { MEMBERSHIPS } from './room.ts';
import { appendToLog, LOG_DEVICE_LIST } from './room-log.table.ts';

/**
 * Writes into the log of each room that a user is in that their device list changed: one row a room, however many
 * share it (docs/decisions, device lists in the room log).
 */
export async function deviceListChanged(parts: RoomsParts, tx: Tx, userNid: number): Promise<void> {
  const joined = (await roomsOfUser(tx, userNid)).filter(row => row.membership === MEMBERSHIPS.join);
  const rooms = await parts.rooms.byNids(
    tx,
    joined.map(row => row.room_nid),
  );
  // One order for all writers: two of them must not wait for each other's shards.
  const ordered = [...rooms.values()].sort((a, b) => a.shard - b.shard || a.nid - b.nid);
  for (const room of ordered) await appendToLog(tx, parts.bus, room, LOG_DEVICE_LIST, userNid);
}
