import type { Profiles } from '../../../accounts/profiles.ts';
import { getOwn } from '../../../core/json.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { requireUserId, UNSTABLE_FIELD_PATH } from './profile-user.ts';

/** Client-server API, `PUT /profile/{userId}/{keyName}`. */
export const setProfileField = ({ profiles }: { readonly profiles: Profiles }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/profile/:userId/:keyName',
    alsoAt: [UNSTABLE_FIELD_PATH],
    auth: 'user',
    limit: 'profile',
    async handle({ user, params: { userId, keyName }, body }) {
      const value = getOwn(body, keyName);
      if (value === undefined)
        throw new MatrixError('M_MISSING_PARAM', 'The body does not have the field of the path.');
      await profiles.setField(user, requireUserId(userId), keyName, value);
      return {};
    },
  });
