import { domainOf, isUserId } from '../../../core/ids.ts';
import { forbidden, invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { QueryRouteParts } from './query-route-parts.ts';

/** queryProfile: the profile of a user of this server, or one field of it. A field that is not set is left out. */
export const queryProfile = ({ rooms, accounts, sharesProfiles }: Omit<QueryRouteParts, 'sharesDirectory'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/query/profile',
    auth: 'server',
    limit: 'other',
    async handle({ query }) {
      if (!sharesProfiles) throw forbidden('This server does not tell other servers of profiles.');
      const userId = query.required('user_id');
      if (!isUserId(userId) || domainOf(userId) !== rooms.serverName)
        throw invalidParam('This is no user of this server.');
      const profile = await accounts.profiles.local(userId);
      const field = query.get('field');
      if (field === undefined) return profile;
      return Object.fromEntries(Object.entries(profile).filter(([name]) => name === field));
    },
  });
