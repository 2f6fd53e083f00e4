import type { EventId } from '../../../core/ids.ts';
import { askedState } from '../../../federation/serving/asked-state.ts';
import type { StoredEvent } from '../../../rooms/room.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMembers } from '../../json-stream.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** getRoomStateIds: as getRoomState, but the IDs alone. */
export const getStateIds = ({ rooms, large }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/state_ids/:roomId',
    auth: 'server',
    handle: ({ origin, params: { roomId }, query, signal }) =>
      large.give(origin, signal, async () => {
        const { state, authChain } = await askedState(rooms, origin, { roomId, eventId: query.required('event_id') });
        return streamMembers({}, [
          ['pdu_ids', ids(state)],
          ['auth_chain_ids', authChain.ids(rooms.db)],
        ]);
      }),
  });

async function* ids(events: AsyncIterable<StoredEvent>): AsyncIterableIterator<EventId> {
  for await (const { event } of events) yield event.id;
}
