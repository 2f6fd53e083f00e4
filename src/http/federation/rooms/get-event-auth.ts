import type { JsonObject } from '../../../core/json.ts';
import { askedAuthChain } from '../../../federation/serving/asked-state.ts';
import type { StoredEvent } from '../../../rooms/room.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** getEventAuth: the auth chain of an event. */
export const getEventAuth = ({ rooms, large }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/event_auth/:roomId/:eventId',
    auth: 'server',
    handle: ({ origin, params, signal }) =>
      large.give(origin, signal, async () => {
        const chain = await askedAuthChain(rooms, origin, params);
        return streamMember({}, 'auth_chain', pdus(chain.events(rooms.db)));
      }),
  });

async function* pdus(events: AsyncIterable<StoredEvent>): AsyncIterableIterator<JsonObject> {
  for await (const { event } of events) yield event.pdu;
}
