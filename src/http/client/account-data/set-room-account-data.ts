import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireRoomId, requireSelf } from './require-self.ts';

/** Client-server API, `PUT /user/{userId}/rooms/{roomId}/account_data/{type}`. */
export const setRoomAccountData = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/user/:userId/rooms/:roomId/account_data/:type',
    auth: 'user',
    async handle({ user, params, body }) {
      requireSelf(user, params.userId);
      await accountData.set(user.userNid, requireRoomId(params.roomId), params.type, body);
      return {};
    },
  });
