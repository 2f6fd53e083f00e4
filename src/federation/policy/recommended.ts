import type { Event } from '../../core/event.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { isSignedBy, needsPolicy, roomPolicy, UNWANTED } from '../../rooms/room-policy.ts';
import { roomHead } from '../../rooms/rooms.table.ts';

/** An event of another server after its room's policy server was heard; `unwanted` says why that does not want it. */
export interface Recommended {
  readonly event: Event;
  readonly unwanted?: string;
}

/** The policy server could not be asked: it may be wanted later. */
export class UnheardError extends Error {
  constructor(cause: MatrixError) {
    super(`the room's policy server cannot be heard: ${cause.message}`, { cause });
    this.name = 'UnheardError';
  }
}

/**
 * Check 7 of server-server API, "Checks performed on receipt of a PDU": the signature of the room's policy server. One
 * that is missing is asked for, and kept with the event. @throws UnheardError unless `isLast`
 */
export async function recommended(
  rooms: RoomsParts,
  room: Room,
  event: Event,
  { isLast }: { readonly isLast: boolean },
): Promise<Recommended> {
  if (rooms.policies === undefined || !needsPolicy(event)) return { event };
  const policy = await roomPolicy(rooms, rooms.db, room, (await roomHead(rooms.db, room.nid)).state_root);
  if (policy === undefined || isSignedBy(policy, event, rooms)) return { event };
  try {
    return { event: await rooms.policies.sign(event, policy) };
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    if (error.errcode !== 'M_FORBIDDEN' && !isLast) throw new UnheardError(error);
    return { event, unwanted: `${UNWANTED}: ${error.message}` };
  }
}
