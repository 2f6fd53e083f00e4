import type { AccountData } from '../../../accounts/account-data.ts';
import { endpoint } from '../../endpoint.ts';
import { requireRoomId, requireSelf } from './require-self.ts';

/** Client-server API, `GET /user/{userId}/rooms/{roomId}/tags`. */
export const getTags = ({ accountData }: { readonly accountData: AccountData }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags',
    auth: 'user',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      return { tags: await accountData.tags(user.userNid, requireRoomId(params.roomId)) };
    },
  });
