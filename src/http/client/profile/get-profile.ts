import type { Profiles } from '../../../accounts/profiles.ts';
import { endpoint } from '../../endpoint.ts';
import { storedJson } from '../account-data/stored-json.ts';
import { requireUserId } from './profile-user.ts';

/** Client-server API, `GET /profile/{userId}`. */
export const getProfile = ({ profiles }: { readonly profiles: Profiles }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/profile/:userId',
    auth: 'none',
    limit: 'other',
    async handle({ params }) {
      return storedJson(await profiles.get(requireUserId(params.userId)));
    },
  });
