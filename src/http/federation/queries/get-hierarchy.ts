import { hierarchyAnswer } from '../../../federation/queries/hierarchy-answer.ts';
import { endpoint } from '../../endpoint.ts';
import type { QueryRouteParts } from './query-route-parts.ts';

/** getSpaceHierarchy of the server-server API: a room, and what is right below it. */
export const getHierarchy = ({ rooms }: Pick<QueryRouteParts, 'rooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/hierarchy/:roomId',
    alsoAt: ['/_matrix/federation/unstable/org.matrix.msc2946/hierarchy/:roomId'],
    auth: 'server',
    limit: 'search',
    handle: ({ origin, params: { roomId }, query }) =>
      hierarchyAnswer(rooms, rooms.db, { origin, roomId, suggestedOnly: query.boolean('suggested_only') }),
  });
