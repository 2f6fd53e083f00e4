import type { Profiles } from '../../../accounts/profiles.ts';
import { endpoint } from '../../endpoint.ts';
import { storedJson } from '../account-data/stored-json.ts';
import { requireUserId, UNSTABLE_FIELD_PATH } from './profile-user.ts';

/** Client-server API, `GET /profile/{userId}/{keyName}`. */
export const getProfileField = ({ profiles }: { readonly profiles: Profiles }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/profile/:userId/:keyName',
    alsoAt: [UNSTABLE_FIELD_PATH],
    auth: 'none',
    limit: 'other',
    async handle({ params }) {
      return storedJson(await profiles.getField(requireUserId(params.userId), params.keyName));
    },
  });
