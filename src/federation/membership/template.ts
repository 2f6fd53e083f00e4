import type { Event } from '../../core/event.ts';
import { isUserId, type RoomId, type ServerName, type UserId } from '../../core/ids.ts';
import { getArray, getInteger, getObject, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { knownRoomVersions, type RoomVersion, roomVersion } from '../../core/room-versions.ts';
import { make } from '../../rooms/append.ts';
import type { OwnMembership } from '../../rooms/membership-template.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import { BadAnswerError } from './remote-error.ts';

/** What one of our users wants of a room that we are not in. */
export interface MembershipWish {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: OwnMembership;
  /** All of the event's content but what the server that helps adds. */
  readonly content: JsonObject;
}

export interface MadeMembership {
  readonly version: RoomVersion;
  readonly event: Event;
}

export interface TemplateParts {
  readonly client: Pick<FederationClient, 'request'>;
  readonly rooms: RoomsParts;
}

const TIMEOUT_MS = 20_000;
const KNOWN = knownRoomVersions.map(({ id }) => id);

/**
 * Our own event, for which another server has told where in the room it belongs: `make_join` and its like. A template
 * is never signed as it came: its place in the room is taken from it, and who lets us in; all else is ours, and what of
 * it is not as it must be makes the answer one that cannot be used (server-server API, `GET /make_join`).
 *
 * @throws UnreachableError, RefusedError, BadAnswerError
 */
export async function makeThrough(
  { client, rooms }: TemplateParts,
  server: ServerName,
  wish: MembershipWish,
  signal?: AbortSignal,
): Promise<MadeMembership> {
  const { roomId, userId, membership } = wish;
  const answer = await client.request(server, {
    method: 'GET',
    path: path`/_matrix/federation/v1/make_${membership}/${roomId}/${userId}`,
    query: membership === 'leave' ? {} : { ver: KNOWN },
    timeoutMs: TIMEOUT_MS,
    ...(signal && { signal }),
  });
  const version = versionOf(server, answer);
  const template = isObject(answer) ? getObject(answer, 'event') : undefined;
  if (template === undefined) throw new BadAnswerError(server, 'there is no event in it');
  checkTemplate(server, template, wish);
  return { version, event: rebuild(rooms, server, version, template, wish) };
}

/** Servers from before room versions say nothing, and know the first only. */
function versionOf(server: ServerName, answer: Json): RoomVersion {
  const said = isObject(answer) ? (answer.room_version ?? '1') : undefined;
  const version = typeof said === 'string' ? roomVersion(said) : undefined;
  if (version === undefined) throw new BadAnswerError(server, 'the room is of a version that was not asked for');
  return version;
}

function checkTemplate(server: ServerName, template: JsonObject, { roomId, userId, membership }: MembershipWish): void {
  const said = [template.type, template.room_id, template.sender, template.state_key];
  const wanted = ['m.room.member', roomId, userId, userId];
  const at = said.findIndex((value, index) => value !== wanted[index]);
  if (at >= 0) throw new BadAnswerError(server, `the event has another ${['type', 'room', 'sender', 'state_key'][at]}`);
  if (getString(getObject(template, 'content') ?? {}, 'membership') !== membership)
    throw new BadAnswerError(server, 'the event has another membership');
}

function rebuild(
  rooms: RoomsParts,
  server: ServerName,
  version: RoomVersion,
  template: JsonObject,
  { roomId, userId, content }: MembershipWish,
): Event {
  const previous = getArray(template, 'prev_events');
  const authEvents = getArray(template, 'auth_events');
  const depth = getInteger(template, 'depth');
  if (previous === undefined || previous.length === 0 || authEvents === undefined || depth === undefined)
    throw new BadAnswerError(server, 'the event has no place in the room');
  try {
    return make(rooms, version, {
      type: 'm.room.member',
      room_id: roomId,
      sender: userId,
      state_key: userId,
      content: { ...content, ...authoriserIn(template, version, content) },
      origin_server_ts: rooms.clock.now(),
      prev_events: [...previous],
      auth_events: [...authEvents],
      depth,
    });
  } catch (error) {
    if (error instanceof MatrixError) throw new BadAnswerError(server, error.message, error);
    throw error;
  }
}

/** Who lets us into a restricted room: the one thing in the content that we cannot know. */
function authoriserIn(template: JsonObject, version: RoomVersion, content: JsonObject): JsonObject {
  const authoriser = getString(getObject(template, 'content') ?? {}, 'join_authorised_via_users_server');
  const isJoin = content.membership === 'join' && version.restrictedJoins;
  if (!isJoin || authoriser === undefined || !isUserId(authoriser)) return {};
  return { join_authorised_via_users_server: authoriser };
}
