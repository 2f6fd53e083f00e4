import { exchangeThirdPartyInvite as exchange } from '../../../federation/membership/exchange-third-party-invite.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** exchangeThirdPartyInvite: invites a user who has proved to own the address that was invited. */
export const exchangeThirdPartyInvite = ({ rooms, memberships }: Pick<MembershipRouteParts, 'rooms' | 'memberships'>) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/exchange_third_party_invite/:roomId',
    auth: 'server',
    async handle({ origin, params, body }) {
      await exchange(rooms, memberships, origin, params.roomId, body);
      return {};
    },
  });
