import { domainOf, isUserId, type RoomAlias, type RoomId, type UserId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { forbidden, invalidParam, MatrixError } from '../core/matrix-error.ts';
import { type RoomVersion, roomVersion } from '../core/room-versions.ts';
import type { Tx } from '../db/database.ts';
import { addAlias } from './aliases.table.ts';
import { append, makeCreate } from './append.ts';
import { checkCanonicalAlias } from './canonical-alias.ts';
import { ingest } from './ingest.ts';
import { initialPowerLevels } from './initial-power-levels.ts';
import { requireIntegerLevels } from './integer-levels.ts';
import { inviteElsewhere } from './invite-elsewhere.ts';
import { checkInvite } from './invite-permission.ts';
import { memberContent } from './member-content.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import type { Invitee, Preset, RoomPlan } from './room-plan.ts';
import { setPublic } from './rooms.table.ts';

interface PresetState {
  readonly joinRule: string;
  readonly historyVisibility: string;
  readonly guestsCanJoin: boolean;
}

const PRESETS: Readonly<Record<Preset, PresetState>> = {
  private_chat: { joinRule: 'invite', historyVisibility: 'shared', guestsCanJoin: true },
  trusted_private_chat: { joinRule: 'invite', historyVisibility: 'shared', guestsCanJoin: true },
  public_chat: { joinRule: 'public', historyVisibility: 'shared', guestsCanJoin: false },
};

/**
 * Makes a room, all of it in one transaction: either the whole room is there or nothing is. Users of other servers are
 * invited once it is there; when one of them cannot be, that is an error, and the room remains.
 * The order of the events is that of client-server API, `POST /createRoom`.
 *
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_ROOM_IN_USE, M_INVALID_ROOM_STATE, M_FORBIDDEN, M_INVITE_BLOCKED,
 * and what the servers of invited users say
 */
export async function createRoom(parts: RoomsParts, plan: RoomPlan): Promise<RoomId> {
  const version = roomVersion(plan.version);
  if (version === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `Room version ${plan.version} is not supported.`);
  }
  const alias =
    plan.aliasLocalpart === undefined ? undefined : (`#${plan.aliasLocalpart}:${parts.serverName}` as RoomAlias);
  checkSizes(plan);
  const room = await parts.db.tx(async tx => {
    const room = await makeRoom(parts, tx, version, plan);
    if (alias !== undefined) await claimAlias(parts, tx, alias, room, plan.creator);
    try {
      await fillRoom(parts, tx, room, plan, alias);
    } catch (error) {
      if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
      throw new MatrixError('M_INVALID_ROOM_STATE', `The room cannot be made like that: ${error.message}`, {
        cause: error,
      });
    }
    if (plan.visibility === 'public') await setPublic(tx, room.nid, true);
    return room;
  });
  await inviteOthers(parts, room, plan);
  return room.roomId;
}

/** Their servers have to sign first. */
async function inviteOthers(parts: RoomsParts, room: Room, plan: RoomPlan): Promise<void> {
  const { memberships } = parts;
  if (memberships === undefined) return;
  const invites = plan.invite
    .filter(one => isInvitedElsewhere(parts, one))
    .map(one => {
      const draft = { sender: plan.creator, target: one.userId, content: inviteContent(plan, one) };
      return inviteElsewhere(parts, memberships, room, draft);
    });
  const failed = (await Promise.allSettled(invites)).find(result => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function isInvitedElsewhere(parts: RoomsParts, { userId }: Invitee): boolean {
  return parts.memberships !== undefined && domainOf(userId) !== parts.serverName;
}

function inviteContent({ isDirect }: RoomPlan, { profile }: Invitee): JsonObject {
  return memberContent('invite', profile, isDirect ? { is_direct: true } : {});
}

/** One request makes so much at most: all of it is one transaction. */
export const MOST_INVITES = 100;
const MOST_STATE = 500;
export const MOST_CREATORS = 100;

function checkSizes(plan: RoomPlan): void {
  if (plan.invite.length > MOST_INVITES) throw invalidParam(`At most ${MOST_INVITES} users can be invited at once.`);
  if (plan.initialState.length > MOST_STATE) throw invalidParam(`initial_state can have at most ${MOST_STATE} events.`);
  const creators = plan.creationContent.additional_creators;
  if (Array.isArray(creators) && creators.length > MOST_CREATORS) {
    throw invalidParam(`A room can have at most ${MOST_CREATORS} additional creators.`);
  }
}

/** What the create event says. */
export type CreationPlan = Pick<RoomPlan, 'creator' | 'creationContent' | 'preset' | 'invite'>;

/** A room with nothing in it but its create event. @throws MatrixError M_INVALID_PARAM */
export async function makeRoom(parts: RoomsParts, tx: Tx, version: RoomVersion, plan: CreationPlan): Promise<Room> {
  const create = makeCreate(parts, version, plan.creator, createContent(version, plan));
  const room = await parts.rooms.create(tx, create.roomId, version);
  const { outcome, reason } = await ingest(parts, tx, room, create);
  if (outcome !== 'accepted') throw invalidParam(`creation_content is refused: ${reason}.`);
  return room;
}

function createContent(version: RoomVersion, plan: CreationPlan): JsonObject {
  const content: JsonObject = { ...plan.creationContent, room_version: version.id };
  if (version.creatorIsSender) delete content.creator;
  else content.creator = plan.creator;
  if (version.creatorsHaveInfinitePower) {
    const creators = additionalCreators(plan);
    if (creators.length > 0) content.additional_creators = creators;
    else delete content.additional_creators;
  }
  return content;
}

/** Those named in creation_content, and in a trusted private chat everyone who is invited (MSC4289). */
function additionalCreators(plan: CreationPlan): string[] {
  const named = plan.creationContent.additional_creators ?? [];
  if (!Array.isArray(named) || named.some(user => typeof user !== 'string' || !isUserId(user))) {
    throw invalidParam('additional_creators must be a list of user IDs.');
  }
  const invited = plan.preset === 'trusted_private_chat' ? plan.invite.map(({ userId }) => userId) : [];
  return [...new Set([...(named as string[]), ...invited])].filter(user => user !== plan.creator);
}

async function claimAlias(parts: RoomsParts, tx: Tx, alias: RoomAlias, room: Room, creator: UserId): Promise<void> {
  const added = await addAlias(tx, alias, room.roomId, await parts.nids.users.internOne(tx, creator));
  if (!added) throw new MatrixError('M_ROOM_IN_USE', 'That alias belongs to another room.', { status: 400 });
}

async function fillRoom(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  plan: RoomPlan,
  alias: RoomAlias | undefined,
): Promise<void> {
  const state = async (type: string, content: JsonObject, stateKey = '') => {
    requireIntegerLevels(room.version, { type, stateKey, content });
    await append(parts, tx, room, { type, stateKey, content, sender: plan.creator });
  };
  await state('m.room.member', memberContent('join', plan.creatorProfile), plan.creator);
  await state('m.room.power_levels', initialPowerLevels(room.version, plan));
  if (alias !== undefined) await state('m.room.canonical_alias', { alias });
  for (const event of presetState(plan)) await state(event.type, event.content, event.stateKey);
  for (const { type, stateKey, content } of plan.initialState) {
    if (FIXED.has(type)) throw forbidden(`${type} cannot be part of initial_state.`);
    if (type === 'm.room.canonical_alias') await checkCanonicalAlias(parts, tx, room.roomId, content, undefined);
    await state(type, content, stateKey);
  }
  if (plan.name !== undefined) await state('m.room.name', { name: plan.name });
  if (plan.topic !== undefined) await state('m.room.topic', topicContent(plan.topic));
  for (const invitee of plan.invite) {
    if (isInvitedElsewhere(parts, invitee)) continue;
    await checkInvite(parts, tx, plan.creator, invitee.userId);
    await state('m.room.member', inviteContent(plan, invitee), invitee.userId);
  }
}

/** A preset's state, but for what `initial_state` says otherwise. */
function presetState(plan: RoomPlan): { type: string; content: JsonObject; stateKey: string }[] {
  const preset = PRESETS[plan.preset];
  const events: { type: string; content: JsonObject; stateKey: string }[] = [
    { type: 'm.room.join_rules', content: { join_rule: preset.joinRule }, stateKey: '' },
    { type: 'm.room.history_visibility', content: { history_visibility: preset.historyVisibility }, stateKey: '' },
  ];
  // That guests may not come in is so without an event.
  if (preset.guestsCanJoin)
    events.push({ type: 'm.room.guest_access', content: { guest_access: 'can_join' }, stateKey: '' });
  return events.filter(({ type }) => !plan.initialState.some(own => own.type === type && own.stateKey === ''));
}

/** What a room has from other fields of the request only. */
const FIXED: ReadonlySet<string> = new Set(['m.room.create', 'm.room.member']);

/** The plain topic, and the same as extensible text (client-server API, m.room.topic). */
export function topicContent(topic: string): JsonObject {
  const texts: Json[] = [{ body: topic }];
  return { topic, 'm.topic': { 'm.text': texts } };
}
