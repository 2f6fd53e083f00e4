import type { Static } from 'typebox';
import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { ENTRY_KINDS } from '../../../rooms/search/entry-kind.ts';
import type { Search } from '../../../rooms/search/search.ts';
import { type AnswerFormat, searchAnswer } from '../../../rooms/search/search-answer.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import { checkedFilter } from '../rooms/event-filter-query.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { viewOf } from '../rooms/view-of.ts';

const KEYS = { 'content.body': ENTRY_KINDS.body, 'content.name': ENTRY_KINDS.name, 'content.topic': ENTRY_KINDS.topic };

const Criteria = Type.Object({
  search_term: Type.String(),
  keys: Type.Optional(Type.Array(Type.Enum(['content.body', 'content.name', 'content.topic']))),
  filter: Type.Optional(Type.Unsafe<JsonObject>(Type.Object({}))),
  order_by: Type.Optional(Type.Enum(['recent', 'rank'])),
  event_context: Type.Optional(
    Type.Object({
      before_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      after_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      include_profile: Type.Optional(Type.Boolean()),
    }),
  ),
  include_state: Type.Optional(Type.Boolean()),
  groupings: Type.Optional(
    Type.Object({
      group_by: Type.Optional(Type.Array(Type.Object({ key: Type.Enum(['room_id', 'sender']) }))),
    }),
  ),
});

const Body = Type.Object({ search_categories: Type.Object({ room_events: Type.Optional(Criteria) }) });

const DEFAULT_LIMIT = 10;
const MOST = 100;
const DEFAULT_CONTEXT = 5;
const MOST_CONTEXT = 20;

/** search: full-text search in what the user may see. */
export const search = (parts: {
  readonly rooms: RoomsParts;
  readonly search: Search;
  readonly ignoredUsers: RoomRouteParts['ignoredUsers'];
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/search',
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    limit: 'search',
    body: Body,
    async handle({ user, body, query }) {
      const criteria = body.search_categories.room_events;
      if (criteria === undefined) return { search_categories: {} };
      const view = await viewOf(parts, user);
      const filter = checkedFilter(criteria.filter);
      const keys = criteria.keys ?? (Object.keys(KEYS) as (keyof typeof KEYS)[]);
      const answer = await parts.search.find({
        view,
        filter,
        term: criteria.search_term,
        kinds: keys.map(key => KEYS[key]),
        order: criteria.order_by ?? 'rank',
        limit: Math.min(Math.max(filter.limit ?? DEFAULT_LIMIT, 0), MOST),
        from: query.get('next_batch') || undefined,
      });
      return { search_categories: { room_events: await searchAnswer(parts.rooms, view, answer, formatOf(criteria)) } };
    },
  });

function formatOf(criteria: Static<typeof Criteria>): AnswerFormat {
  const { event_context: around, include_state: includeState = false, groupings } = criteria;
  const size = (wanted = DEFAULT_CONTEXT) => Math.min(wanted, MOST_CONTEXT);
  return {
    includeState,
    groupBy: [...new Set(groupings?.group_by?.map(({ key }) => key))],
    context: around && {
      before: size(around.before_limit),
      after: size(around.after_limit),
      profiles: around.include_profile ?? false,
    },
  };
}
