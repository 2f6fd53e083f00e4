import type { Static } from 'typebox';
import type { Requester } from '../../../accounts/requester.ts';
import { Type } from '../../../base/schema.ts';
import { isUserId, type UserId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { invalidParam, MatrixError } from '../../../core/matrix-error.ts';
import { localAlias } from '../../../rooms/aliases.ts';
import { createRoom as create, MOST_INVITES } from '../../../rooms/create-room.ts';
import type { Preset, RoomPlan } from '../../../rooms/room-plan.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuest } from '../../refuse-guest.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { checkNewAlias } from '../directory/alias-owner.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const JsonObjectBody = Type.Record(Type.String(), Type.Unknown());

const Body = Type.Object({
  visibility: Type.Optional(Type.Enum(['public', 'private'])),
  room_alias_name: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  invite: Type.Optional(Type.Array(Type.String())),
  invite_3pid: Type.Optional(Type.Array(Type.Unknown())),
  room_version: Type.Optional(Type.String()),
  creation_content: Type.Optional(JsonObjectBody),
  initial_state: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), state_key: Type.Optional(Type.String()), content: JsonObjectBody })),
  ),
  preset: Type.Optional(Type.Enum(['private_chat', 'public_chat', 'trusted_private_chat'])),
  is_direct: Type.Optional(Type.Boolean()),
  power_level_content_override: Type.Optional(JsonObjectBody),
});

type Wish = Static<typeof Body>;
type Parts = Pick<RoomRouteParts, 'rooms' | 'profileFor' | 'defaultRoomVersion' | 'aliasOwner' | 'ownsAlias'>;

/** createRoom: makes a room with everything the client wants in it. */
export const createRoom = (parts: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/createRoom',
    auth: 'user',
    limit: 'create_room',
    body: Body,
    strictJson: true,
    async handle({ user, body }) {
      refuseSuspended(user);
      refuseGuest(user);
      if ((body.invite_3pid ?? []).length > 0) {
        throw new MatrixError('M_THREEPID_DENIED', 'This server invites by user ID only.');
      }
      if (body.room_alias_name !== undefined) {
        checkNewAlias(parts, user, localAlias(parts.rooms, body.room_alias_name));
      }
      return { room_id: await create(parts.rooms, await planOf(parts, user, body)) };
    },
  });

async function planOf(parts: Parts, user: Requester, wish: Wish): Promise<RoomPlan> {
  const visibility = wish.visibility ?? 'private';
  const preset: Preset = wish.preset ?? (visibility === 'public' ? 'public_chat' : 'private_chat');
  const initialState = (wish.initial_state ?? []).map(({ type, state_key = '', content }) => ({
    type,
    stateKey: state_key,
    content: content as JsonObject,
  }));
  return {
    creator: user.userId,
    creatorProfile: await parts.profileFor(user.userId),
    version: wish.room_version ?? parts.defaultRoomVersion,
    preset,
    visibility,
    aliasLocalpart: wish.room_alias_name,
    name: wish.name,
    topic: wish.topic,
    invite: await invited(parts, wish.invite ?? []),
    isDirect: wish.is_direct ?? false,
    creationContent: (wish.creation_content ?? {}) as JsonObject,
    initialState,
    powerLevelOverride: (wish.power_level_content_override ?? {}) as JsonObject,
  };
}

async function invited(parts: Parts, users: readonly string[]): Promise<RoomPlan['invite']> {
  // Before each of them is looked up.
  if (users.length > MOST_INVITES) throw invalidParam(`At most ${MOST_INVITES} users can be invited at once.`);
  const bad = users.find(user => !isUserId(user));
  if (bad !== undefined) throw invalidParam(`${bad} is not a user ID.`);
  const distinct = [...new Set(users)] as UserId[];
  return Promise.all(distinct.map(async userId => ({ userId, profile: await parts.profileFor(userId) })));
}
