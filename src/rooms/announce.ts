import type { Tx } from '../db/database.ts';
import { roomsSharedWith } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { appendToLog, LOG_DEVICE_LIST } from './room-log.table.ts';

/**
 * Writes into the log of each room that a user is in, and this server with them, that their device list changed: one row
 * a room, however many share it (docs/decisions, device lists in the room log). The users may be of any server.
 */
export async function deviceListsChanged(parts: RoomsParts, tx: Tx, userNids: readonly number[]): Promise<void> {
  const us = await parts.nids.domains.findOne(tx, parts.serverName);
  // Without a number of our own nobody of ours has ever joined anything.
  if (us === undefined) return;
  const shared = await roomsSharedWith(tx, userNids, us);
  const rooms = await parts.rooms.byNids(
    tx,
    shared.map(row => row.room_nid),
  );
  const rows = shared.flatMap(({ room_nid, user_nid }): [Room, number][] => {
    const room = rooms.get(room_nid);
    return room === undefined ? [] : [[room, user_nid]];
  });
  // One order for all writers: two of them must not wait for each other's shards.
  rows.sort(([a, user], [b, other]) => a.shard - b.shard || a.nid - b.nid || user - other);
  for (const [room, userNid] of rows) await appendToLog(tx, parts.bus, room, LOG_DEVICE_LIST, userNid);
}
