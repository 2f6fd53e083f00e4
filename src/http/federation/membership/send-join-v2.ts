import { joinAnswer } from '../../../federation/membership/join-answer.ts';
import { takeMembership } from '../../../federation/membership/take-membership.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMembers } from '../../json-stream.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendJoinV2: takes a join in and answers the room's state before it, without members where they are not wanted. */
export const sendJoinV2 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v2/send_join/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, query, body }) {
      const omitMembers = query.boolean('omit_members');
      const taken = await takeMembership(parts, origin, { ...params, pdu: body, membership: 'join' });
      const { head, state, authChain } = await joinAnswer(parts.rooms, taken, omitMembers);
      return streamMembers(head, [
        ['state', state],
        ['auth_chain', authChain],
      ]);
    },
  });
