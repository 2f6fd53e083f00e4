import type { EventId, ServerName } from '../../core/ids.ts';
import { notFound } from '../../core/matrix-error.ts';
import { AuthChain } from '../../rooms/auth-chain.ts';
import { stemsFromGuess } from '../../rooms/guessed-state.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, type StoredEvent } from '../../rooms/room.ts';
import { askedRoom } from './asked-room.ts';

/** The state before an event, too long to be held, and then, once that was read, the auth chain of its events. */
export interface AskedState {
  readonly state: AsyncIterable<StoredEvent>;
  readonly authChain: AuthChain;
}

/**
 * What `GET /state` and `GET /state_ids` of the server-server API tell.
 *
 * @throws MatrixError M_NOT_FOUND also where we do not know the whole state there; M_FORBIDDEN
 */
export async function askedState(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, eventId }: { readonly roomId: string; readonly eventId: string },
): Promise<AskedState> {
  const room = await askedRoom(rooms, origin, roomId);
  const stored = await rooms.events.inRoom(rooms.db, room, eventId as EventId);
  if (stored === undefined) throw notFound('The event is not known here.');
  const { stateBefore: root, flags } = stored;
  if ((flags & OUTLIER) !== 0 || (await rooms.trees.isPartial(rooms.db, room.nid, root)))
    throw notFound('The whole state at that event is not known here.');
  // Others would take it for what it is not.
  if (await stemsFromGuess(rooms, rooms.db, stored))
    throw notFound('The state at that event is not known for certain.');
  const authChain = new AuthChain(rooms);
  return { state: state(), authChain };

  async function* state(): AsyncIterableIterator<StoredEvent> {
    for await (const batch of rooms.state.batches(rooms.db, room, root)) {
      await authChain.add(rooms.db, batch);
      yield* batch;
    }
  }
}

/** The auth chain of one event (`GET /event_auth`). @throws MatrixError M_NOT_FOUND, M_FORBIDDEN */
export async function askedAuthChain(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, eventId }: { readonly roomId: string; readonly eventId: string },
): Promise<AuthChain> {
  const room = await askedRoom(rooms, origin, roomId);
  const stored = await rooms.events.inRoom(rooms.db, room, eventId as EventId);
  if (stored === undefined) throw notFound('The event is not known here.');
  const authChain = new AuthChain(rooms);
  await authChain.add(rooms.db, [stored]);
  return authChain;
}
