import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { otherDirectory } from './other-directory.ts';

const DEFAULT_LIMIT = 100;
const MOST = 500;

const Body = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  since: Type.Optional(Type.String()),
  filter: Type.Optional(
    Type.Object({
      generic_search_term: Type.Optional(Type.Union([Type.String({ maxLength: 1000 }), Type.Null()])),
      room_types: Type.Optional(Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()])), Type.Null()])),
    }),
  ),
  include_all_networks: Type.Optional(Type.Boolean()),
  third_party_instance_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** queryPublicRooms: the listed rooms that fit a search. */
export const queryPublicRooms = (parts: Pick<RoomRouteParts, 'rooms' | 'remote'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/publicRooms',
    auth: 'user',
    limit: 'search',
    body: Body,
    async handle({ query, body }) {
      const other = await otherDirectory(parts, query.get('server'), body as JsonObject);
      if (other !== undefined) return other;
      return roomDirectory(parts.rooms, parts.rooms.db, {
        limit: Math.min(body.limit || DEFAULT_LIMIT, MOST),
        since: body.since,
        searchTerm: body.filter?.generic_search_term ?? undefined,
        roomTypes: body.filter?.room_types ?? undefined,
      });
    },
  });
