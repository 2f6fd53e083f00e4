import type { Users } from '../../../accounts/users.ts';
import type { Pushers } from '../../../push/pushers.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "List all pushers". */
export const listUserPushers = ({ users, pushers }: { readonly users: Users; readonly pushers: Pushers }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/pushers',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(users, params.userId);
      const found = await pushers.list(userNid);
      return { pushers: found, total: found.length };
    },
  });
