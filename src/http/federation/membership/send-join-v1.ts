import { joinAnswer } from '../../../federation/membership/join-answer.ts';
import { takeMembership } from '../../../federation/membership/take-membership.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMembersV1 } from '../../json-stream.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendJoinV1: as version 2, with the status in the body. */
export const sendJoinV1 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/send_join/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, body }) {
      const taken = await takeMembership(parts, origin, { ...params, pdu: body, membership: 'join' });
      const { head, state, authChain } = await joinAnswer(parts.rooms, taken, false);
      return streamMembersV1(head, [
        ['state', state],
        ['auth_chain', authChain],
      ]);
    },
  });
