import { isUserId, type UserId } from '../core/ids.ts';
import { getOwn, getString, type JsonObject } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import { deleteMember, getMember, setMember } from './members.table.ts';
import { openness } from './open-rooms.ts';
import type { RoomsParts } from './parts.ts';
import { isMembership, MEMBERSHIPS, type Room, type StoredEvent } from './room.ts';
import { addToCounts } from './rooms.table.ts';
import { MEMBER_TYPE_NID, stateKeyOf, typeOf } from './state-tree/tree-key.ts';

interface MemberChange {
  readonly user: string;
  readonly event: StoredEvent | undefined;
}

/**
 * Brings the plain tables (members and their counts, rooms open to all) in step with the room's resolved state, which `stored` moved
 * from `oldRoot` to `stored.roomRoot`. Only what differs between the two is read.
 */
export async function stateChanged(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  oldRoot: number,
  stored: StoredEvent & { readonly pos: number },
): Promise<void> {
  await openness(parts, tx, room, oldRoot, stored);
  for (const change of await memberChanges(parts, tx, room, oldRoot, stored))
    await applyMember(parts, tx, room, change, stored.pos);
}

async function memberChanges(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  oldRoot: number,
  stored: StoredEvent,
): Promise<MemberChange[]> {
  // The usual case: the event itself is the whole difference.
  if (stored.stateBefore === oldRoot && stored.stateAfter === stored.roomRoot) {
    const { type, stateKey } = stored.event;
    return type === 'm.room.member' && stateKey !== undefined ? [{ user: stateKey, event: stored }] : [];
  }
  const differences = await parts.trees.diff(tx, room.nid, oldRoot, stored.roomRoot);
  const members = differences.filter(({ key }) => typeOf(key) === MEMBER_TYPE_NID);
  const names = await parts.nids.stateKeys.names(
    tx,
    members.map(({ key }) => stateKeyOf(key)),
  );
  const events = await parts.events.byNids(
    tx,
    members.flatMap(({ after }) => after ?? []),
  );
  return members.flatMap(({ key, after }) => {
    const user = names.get(stateKeyOf(key));
    return user === undefined ? [] : [{ user, event: after === undefined ? undefined : events.get(after) }];
  });
}

async function applyMember(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { user, event }: MemberChange,
  pos: number,
): Promise<void> {
  if (!isUserId(user)) return;
  const userNid = await parts.nids.users.internOne(tx, user as UserId);
  const before = await getMember(tx, room.nid, userNid);
  const text = event === undefined ? undefined : getString(event.event.content, 'membership');
  const after = isMembership(text) ? MEMBERSHIPS[text] : undefined;
  if (event === undefined || after === undefined) {
    await deleteMember(tx, room.nid, userNid);
  } else {
    const { displayName, avatarUrl } = profileOf(event.event.content);
    await setMember(tx, {
      roomNid: room.nid,
      userNid,
      membership: after,
      eventNid: event.nid,
      pos,
      displayName,
      avatarUrl,
    });
  }
  const joined = Number(after === MEMBERSHIPS.join) - Number(before?.membership === MEMBERSHIPS.join);
  const invited = Number(after === MEMBERSHIPS.invite) - Number(before?.membership === MEMBERSHIPS.invite);
  if (joined !== 0 || invited !== 0) await addToCounts(tx, room.nid, joined, invited);
}

/** Profile fields of a membership event, only where they are what they should be (others' events hold anything). */
export function profileOf(content: JsonObject): { displayName: string | null; avatarUrl: string | null } {
  const name = getOwn(content, 'displayname');
  const avatar = getOwn(content, 'avatar_url');
  return {
    displayName: typeof name === 'string' && name.length <= LONGEST_NAME ? name : null,
    avatarUrl: typeof avatar === 'string' && avatar.length <= LONGEST_NAME ? avatar : null,
  };
}

const LONGEST_NAME = 1024;
