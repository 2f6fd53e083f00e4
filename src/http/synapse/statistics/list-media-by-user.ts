import { type MediaList, USER_MEDIA_ORDERS } from '../../../media/media-list.ts';
import { endpoint } from '../../endpoint.ts';
import { nextOf, pagingOf } from '../paging.ts';

const LAST = Number.MAX_SAFE_INTEGER;

/** Synapse admin API, "Users' media usage statistics". */
export const listMediaByUser = ({ list }: { readonly list: MediaList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/statistics/users/media',
    auth: 'admin',
    async handle({ query }) {
      const paging = pagingOf(query);
      const { users, total } = await list.byUser({
        fromTs: query.integer('from_ts', { fallback: 0, max: LAST }),
        untilTs: query.integer('until_ts', { fallback: LAST, max: LAST }),
        search: query.get('search_term') || undefined,
        order: query.choice('order_by', USER_MEDIA_ORDERS, 'user_id'),
        backward: query.choice('dir', ['f', 'b'], 'f') === 'b',
        ...paging,
      });
      const next = nextOf(paging, users.length, total);
      return {
        users: users.map(({ user_id, displayname, files, bytes }) => ({
          user_id,
          displayname: displayname === null ? null : (JSON.parse(displayname) as string),
          media_count: files,
          media_length: bytes,
        })),
        total,
        ...(next !== undefined && { next_token: next }),
      };
    },
  });
