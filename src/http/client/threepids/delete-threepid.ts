import { endpoint } from '../../endpoint.ts';
import { AddressBody, NOT_BOUND, type ThreepidRouteParts } from './threepid-route-parts.ts';

/** delete3pidFromAccount */
export const deleteThreepid = ({ threepids }: Pick<ThreepidRouteParts, 'threepids'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid/delete',
    auth: 'user',
    limit: 'other',
    body: AddressBody,
    async handle({ user, body: { medium, address } }) {
      await threepids.remove(user.userNid, medium, address);
      return NOT_BOUND;
    },
  });
