import { Type } from '../../../base/schema.ts';
import { askedMissingEvents } from '../../../federation/serving/asked-events.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

const body = Type.Object({
  earliest_events: Type.Array(Type.String()),
  latest_events: Type.Array(Type.String()),
  limit: Type.Optional(Type.Integer()),
  min_depth: Type.Optional(Type.Integer()),
});

/** getMissingPreviousEvents: what lies between events that the other server has. */
export const getMissingEvents = ({ rooms, large }: RoomEventsParts) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/federation/v1/get_missing_events/:roomId',
    auth: 'server',
    body,
    async handle({ origin, params: { roomId }, body: asked, signal }) {
      const { earliest_events: earliest, latest_events: latest, limit = 10, min_depth: minDepth = 0 } = asked;
      return large.give(origin, signal, async () => {
        const events = await askedMissingEvents(rooms, origin, { roomId, earliest, latest, limit, minDepth });
        return streamMember({}, 'events', events);
      });
    },
  });
