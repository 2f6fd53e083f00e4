import type { Event } from '../core/event.ts';
import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { offerSigned, UnsignedError } from './room-policy.ts';

/** Events of one transaction that a policy server signs: an upgrade says this much in the old room. */
const MOST_SIGNED = 10;

/**
 * Runs a transaction that writes to one room. SQLite has one writer anyway and commits what waits together; on
 * PostgreSQL the transactions of a room queue up here instead of each holding a connection while it waits.
 *
 * Where the room has a policy server, nobody waits for its signature inside the transaction: that is undone, the event
 * is signed, and the transaction runs again with it. @throws MatrixError as the policy server refused
 */
export async function writeRoom<T>(parts: RoomsParts, room: Room, work: (tx: Tx) => Promise<T>): Promise<T> {
  const signed: Event[] = [];
  for (;;) {
    try {
      return await write(parts, room, tx => {
        offerSigned(tx, signed);
        return work(tx);
      });
    } catch (error) {
      if (!(error instanceof UnsignedError) || parts.policies === undefined || signed.length === MOST_SIGNED)
        throw error;
      signed.push(await parts.policies.sign(error.event, error.policy));
    }
  }
}

function write<T>(parts: RoomsParts, room: Room, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (parts.db.dialect === 'sqlite') return parts.db.tx(work);
  return parts.queue.run(room.roomId, () => parts.db.tx(work));
}
