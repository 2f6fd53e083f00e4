import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';

/**
 * Runs a transaction that writes to one room. SQLite has one writer anyway and commits what waits together; on
 * PostgreSQL the transactions of a room queue up here instead of each holding a connection while it waits.
 */
export function writeRoom<T>(parts: RoomsParts, room: Room, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (parts.db.dialect === 'sqlite') return parts.db.tx(work);
  return parts.queue.run(room.roomId, () => parts.db.tx(work));
}
