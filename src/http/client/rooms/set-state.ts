import { isUserId } from '../../../core/ids.ts';
import { getString } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { MemberProfile } from '../../../rooms/member-content.ts';
import { joinedRoom, knownRoom } from '../../../rooms/room-access.ts';
import { sendState } from '../../../rooms/send.ts';
import { setMembership } from '../../../rooms/set-membership.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { delayOf } from './delay-of.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { sentAt } from './sent-at.ts';

/** The memberships that show a profile. */
const WITH_PROFILE: ReadonlySet<string | undefined> = new Set(['join', 'invite', 'knock']);

/** setRoomStateWithKey: sets state; an empty state key may be left out of the path. */
export const setState = ({ rooms, profileFor, delayed }: Pick<RoomRouteParts, 'rooms' | 'profileFor' | 'delayed'>) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/rooms/:roomId/state/:eventType/:stateKey',
    alsoAt: ['/_matrix/client/v3/rooms/:roomId/state/:eventType', '/_matrix/client/v3/rooms/:roomId/state/:eventType/'],
    auth: 'user',
    limit: 'message',
    strictJson: true,
    async handle({ user, params, query, body }) {
      const { roomId, eventType: type } = params;
      const stateKey = params.stateKey ?? '';
      const membership = type === 'm.room.member' ? getString(body, 'membership') : undefined;
      if (membership !== 'leave' || stateKey !== user.userId) refuseSuspended(user);
      const delay = delayOf(query);
      if (delay !== undefined) {
        const draft = { userNid: user.userNid, type, stateKey, content: body, delay };
        return { delay_id: await delayed.schedule(await joinedRoom(rooms, roomId, user), draft, undefined) };
      }
      const room = await knownRoom(rooms, roomId);
      const sender = user.userId;
      const ts = sentAt(user, query);
      if (type !== 'm.room.member') {
        return { event_id: await sendState(rooms, room, { type, stateKey, sender, content: body, ts }) };
      }
      if (!isUserId(stateKey)) throw invalidParam('The state key of a membership is a user ID.');
      const profile: MemberProfile = WITH_PROFILE.has(membership) ? await profileFor(stateKey) : {};
      const action = { sender, profile, content: body, isGuest: user.isGuest, ts };
      return { event_id: await setMembership(rooms, room, action, stateKey) };
    },
  });
