import type { Profiles } from '../../../accounts/profiles.ts';
import { endpoint } from '../../endpoint.ts';
import { requireUserId, UNSTABLE_FIELD_PATH } from './profile-user.ts';

/** Client-server API, `DELETE /profile/{userId}/{keyName}`. */
export const deleteProfileField = ({ profiles }: { readonly profiles: Profiles }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/profile/:userId/:keyName',
    alsoAt: [UNSTABLE_FIELD_PATH],
    auth: 'user',
    limit: 'profile',
    async handle({ user, params: { userId, keyName } }) {
      await profiles.removeField(user, requireUserId(userId), keyName);
      return {};
    },
  });
