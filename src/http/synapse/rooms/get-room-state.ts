import type { JsonObject } from '../../../core/json.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import type { ClientView } from '../../../rooms/event-format.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { type ReadableRoom, wholeRoom } from '../../../rooms/room-access.ts';
import { unseen } from '../../../rooms/sender-members.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import { adminView } from '../admin-view.ts';

/** Synapse admin API, "Room State API"; with `type` the state events of that type. */
export const getRoomState = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/state',
    auth: 'admin',
    async handle({ user, params, query }) {
      const whole = await wholeRoom(rooms, params.roomId);
      return streamMember({}, 'state', state(rooms, whole, adminView(user), query.get('type')));
    },
  });

const FORMAT = { withoutBundle: true, withoutPrevious: true };

async function* state(
  rooms: RoomsParts,
  { room, readable: { root } }: ReadableRoom,
  view: ClientView,
  type: string | undefined,
): AsyncIterableIterator<JsonObject> {
  if (type !== undefined) {
    for await (const event of rooms.state.ofType(rooms.db, room, root, type))
      yield* await clientEvents(rooms, rooms.db, room, view, unseen([event]), FORMAT);
    return;
  }
  for await (const batch of rooms.state.batches(rooms.db, room, root))
    yield* await clientEvents(rooms, rooms.db, room, view, unseen(batch), FORMAT);
}
