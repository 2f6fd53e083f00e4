import { USER_ORDERS, type UserFilter, type UserList } from '../../../accounts/user-list.ts';
import { type Endpoint, endpoint } from '../../endpoint.ts';
import type { Query } from '../../query.ts';
import { nextOf, pagingOf } from '../paging.ts';
import { listedAnswer } from './user-answer.ts';

type Parts = { readonly userList: UserList };

/** Synapse admin API, "List Accounts (V2)": `deactivated=true` lists closed accounts too. */
export const listUsersV2 = (parts: Parts): Endpoint =>
  list(parts, '/_synapse/admin/v2/users', query => (query.boolean('deactivated') ? undefined : false));

/** Synapse admin API, "List Accounts (V3)": `deactivated=true` lists closed accounts alone. */
export const listUsersV3 = (parts: Parts): Endpoint =>
  list(parts, '/_synapse/admin/v3/users', query => flag(query, 'deactivated'));

function list({ userList }: Parts, path: string, isDeactivated: (query: Query) => boolean | undefined): Endpoint {
  return endpoint({
    method: 'GET',
    path,
    auth: 'admin',
    async handle({ query }) {
      const paging = pagingOf(query);
      const { users, total } = await userList.page({
        filter: { ...filterOf(query), isDeactivated: isDeactivated(query) },
        order: query.choice('order_by', USER_ORDERS, 'name'),
        backward: query.choice('dir', ['f', 'b'], 'f') === 'b',
        ...paging,
      });
      const next = nextOf(paging, users.length, total);
      return { users: users.map(listedAnswer), total, ...(next !== undefined && { next_token: String(next) }) };
    },
  });
}

/** Locked accounts are listed when asked for, those that wait for approval alone with `approved=false`. */
function filterOf(query: Query): UserFilter {
  return {
    name: query.get('name') || undefined,
    userId: query.get('user_id') || undefined,
    isGuest: query.boolean('guests', true) ? undefined : false,
    isAdmin: flag(query, 'admins'),
    isLocked: query.boolean('locked') ? undefined : false,
    isApproved: query.boolean('approved', true) ? undefined : false,
    notTypes: query.all('not_user_type').map(type => (type === '' ? null : type)),
  };
}

function flag(query: Query, name: string): boolean | undefined {
  return query.get(name) === undefined ? undefined : query.boolean(name);
}
