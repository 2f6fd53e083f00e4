import type { JsonObject } from '../../../core/json.ts';
import { askedState } from '../../../federation/serving/asked-state.ts';
import type { StoredEvent } from '../../../rooms/room.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMembers } from '../../json-stream.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** getRoomState: the state before an event and its auth chain, of any length. */
export const getState = ({ rooms, large }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/state/:roomId',
    auth: 'server',
    handle: ({ origin, params: { roomId }, query, signal }) =>
      large.give(origin, signal, async () => {
        const { state, authChain } = await askedState(rooms, origin, { roomId, eventId: query.required('event_id') });
        return streamMembers({}, [
          ['pdus', pdus(state)],
          ['auth_chain', pdus(authChain.events(rooms.db))],
        ]);
      }),
  });

async function* pdus(events: AsyncIterable<StoredEvent>): AsyncIterableIterator<JsonObject> {
  for await (const { event } of events) yield event.pdu;
}
