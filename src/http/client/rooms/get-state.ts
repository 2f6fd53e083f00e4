import type { JsonObject } from '../../../core/json.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import type { ClientView } from '../../../rooms/event-format.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { type ReadableRoom, readableWithMembers } from '../../../rooms/room-access.ts';
import { unseen } from '../../../rooms/sender-members.ts';
import { endpoint } from '../../endpoint.ts';
import { streamArray } from '../../json-stream.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

/** getRoomState: the whole state, today's or that of the day the user left. Policy rooms have tens of thousands of events. */
export const getState = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/state',
    auth: 'user',
    limit: 'other',
    async handle({ user, params, signal }) {
      const view = await viewOf(parts, user);
      const room = await readableWithMembers(parts.rooms, params.roomId, view, signal);
      return streamArray(state(parts.rooms, room, view));
    },
  });

async function* state(
  rooms: RoomsParts,
  { room, readable }: ReadableRoom,
  view: ClientView,
): AsyncIterableIterator<JsonObject> {
  const format = { withoutBundle: true, withoutPrevious: true };
  for await (const batch of rooms.state.batches(rooms.db, room, readable.root)) {
    yield* await clientEvents(rooms, rooms.db, room, view, unseen(batch), format);
  }
}
