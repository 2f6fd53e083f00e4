import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireRoomId, requireSelf } from './require-self.ts';

/** Client-server API, `PUT /user/{userId}/rooms/{roomId}/tags/{tag}`. */
export const setTag = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags/:tag',
    auth: 'user',
    async handle({ user, params, body }) {
      requireSelf(user, params.userId);
      await accountData.setTag(user.userNid, requireRoomId(params.roomId), params.tag, body);
      return {};
    },
  });
