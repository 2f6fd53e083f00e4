import type { Static } from 'typebox';
import { Type } from '../base/schema.ts';
import type { DirectoryQuery } from '../rooms/directory.ts';
import type { DirectoryScope } from '../rooms/directory-scope.ts';
import type { Query } from './query.ts';

const DEFAULT_LIMIT = 100;
const MOST = 500;

/** The body of `POST /publicRooms`, of clients and of servers. */
export const PublicRoomsBody = Type.Object({
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

/** What the body asks for. */
export function bodyDirectoryQuery(body: Static<typeof PublicRoomsBody>): DirectoryQuery {
  return {
    limit: limited(body.limit),
    since: body.since,
    searchTerm: body.filter?.generic_search_term ?? undefined,
    roomTypes: body.filter?.room_types ?? undefined,
    scope: scopeOf(body.include_all_networks === true, body.third_party_instance_id ?? undefined),
  };
}

/** The same of `GET /publicRooms`. @throws MatrixError M_INVALID_PARAM */
export function plainDirectoryQuery(query: Query): DirectoryQuery {
  return {
    limit: limited(query.integer('limit', { fallback: 0, max: MOST })),
    since: query.get('since'),
    scope: scopeOf(query.boolean('include_all_networks') === true, query.get('third_party_instance_id')),
  };
}

function scopeOf(all: boolean, network: string | undefined): DirectoryScope {
  if (all) return 'all';
  return network === undefined || network === '' ? 'own' : { network };
}

/** Zero is no page: it counts as no limit, as elsewhere. */
function limited(limit = 0): number {
  return Math.min(limit || DEFAULT_LIMIT, MOST);
}
