import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireRoomId, requireSelf } from './require-self.ts';
import { storedJson } from './stored-json.ts';

/** Client-server API, `GET /user/{userId}/rooms/{roomId}/account_data/{type}`. */
export const getRoomAccountData = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/user/:userId/rooms/:roomId/account_data/:type',
    auth: 'user',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      return storedJson(await accountData.get(user.userNid, requireRoomId(params.roomId), params.type));
    },
  });
