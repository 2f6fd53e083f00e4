import { joinTarget } from '../../../rooms/join-target.ts';
import { leaveAt } from '../../../rooms/own-membership.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { OwnBody } from './own-body.ts';

/** leaveRoom: leaves, declines an invite or takes back a knock. */
export const leaveRoom = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/leave',
    auth: 'user',
    limit: 'other',
    body: OwnBody,
    strictJson: true,
    async handle({ user, params, body }) {
      const { roomId } = await joinTarget(rooms, params.roomId, [], undefined);
      await leaveAt(rooms, roomId, { sender: user.userId, reason: body.reason });
      return {};
    },
  });
