import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireSelf } from './require-self.ts';

/** Client-server API, `PUT /user/{userId}/account_data/{type}`. */
export const setAccountData = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/user/:userId/account_data/:type',
    auth: 'user',
    async handle({ user, params, body }) {
      requireSelf(user, params.userId);
      await accountData.set(user.userNid, undefined, params.type, body);
      return {};
    },
  });
