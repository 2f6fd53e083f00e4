import type { Accounts } from '../../../accounts/accounts.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';

const DEFAULT_LIMIT = 10;
const MOST = 50;

/** searchUserDirectory: users by name, among those that the searcher may know of. */
export const searchUsers = ({ directory }: Pick<Accounts, 'directory'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/user_directory/search',
    auth: 'user',
    limit: 'search',
    body: Type.Object({ search_term: Type.String(), limit: Type.Optional(Type.Integer({ minimum: 1 })) }),
    async handle({ user, body }) {
      const limit = Math.min(body.limit ?? DEFAULT_LIMIT, MOST);
      const { users, limited } = await directory.search(user.userNid, body.search_term, limit);
      const results = users.map(({ userId, displayName, avatarUrl }) => ({
        user_id: userId,
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
      }));
      return { results, limited };
    },
  });
