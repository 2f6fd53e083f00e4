import { takeMembership } from '../../../federation/membership/take-membership.ts';
import { stateForStrangers } from '../../../rooms/stripped-state.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendKnock: takes a knock in and answers what its sender may know of the room. */
export const sendKnock = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/send_knock/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, body }) {
      const { room, stored } = await takeMembership(parts, origin, { ...params, pdu: body, membership: 'knock' });
      const { stateBefore, event } = stored;
      const state = await stateForStrangers(parts.rooms, parts.rooms.db, room, stateBefore, event.sender);
      return { knock_room_state: state.map(({ event }) => event.pdu) };
    },
  });
