import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireRoomId, requireSelf } from './require-self.ts';

/** Client-server API, `DELETE /user/{userId}/rooms/{roomId}/tags/{tag}`. */
export const deleteTag = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags/:tag',
    auth: 'user',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      await accountData.removeTag(user.userNid, requireRoomId(params.roomId), params.tag);
      return {};
    },
  });
