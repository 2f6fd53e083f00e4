import { domainOf, isUserId, type UserId } from '../core/ids.ts';
import { getOwn, getString, type JsonObject } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import { noteChangedMembers } from './changed-members.table.ts';
import { deleteMembers, membershipsOf, type NewMember, setMembers } from './members.table.ts';
import { openness } from './open-rooms.ts';
import type { RoomsParts } from './parts.ts';
import { isMembership, MEMBERSHIPS, type Room, type StoredEvent } from './room.ts';
import { addToDomain, isServerIn } from './room-domains.table.ts';
import { keepFacts } from './room-facts.ts';
import { addToCounts } from './rooms.table.ts';
import type { Difference } from './state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, stateKeyOf, typeOf } from './state-tree/tree-key.ts';

/** A user's new membership; without an event there is none any more. */
export interface MemberChange {
  readonly user: string;
  readonly event: StoredEvent | undefined;
}

/** Changes that are looked at together: a join brings those of thousands, which are never all in memory. */
const BATCH = 200;

/**
 * Brings the plain tables (members and their counts, servers, rooms open to all, what lists show) in step with the room's resolved
 * state, which `stored` moved from `oldRoot` to `stored.roomRoot`. Only what differs between the two is read.
 */
export async function stateChanged(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  oldRoot: number,
  stored: StoredEvent & { readonly pos: number },
): Promise<void> {
  await openness(parts, tx, room, oldRoot, stored);
  await keepFacts(parts, tx, room, oldRoot, stored);
  // The usual case: the event itself is the whole difference.
  if (stored.stateBefore === oldRoot && stored.stateAfter === stored.roomRoot) {
    const { type, stateKey } = stored.event;
    if (type === 'm.room.member' && stateKey !== undefined)
      await applyMembers(parts, tx, room, [{ user: stateKey, event: stored }], stored.pos);
    return;
  }
  const differences = await parts.trees.diff(tx, room.nid, oldRoot, stored.roomRoot);
  const members = differences.filter(({ key }) => typeOf(key) === MEMBER_TYPE_NID);
  for (let at = 0; at < members.length; at += BATCH) {
    const changes = await memberChanges(parts, tx, members.slice(at, at + BATCH));
    await applyMembers(parts, tx, room, changes, stored.pos);
  }
}

async function memberChanges(parts: RoomsParts, tx: Tx, members: readonly Difference[]): Promise<MemberChange[]> {
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

/** Writes the memberships of some users, each named once, and counts them for the room and their servers. */
export async function applyMembers(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  changes: readonly MemberChange[],
  pos: number,
): Promise<void> {
  const valid = changes.filter(({ user }) => isUserId(user)) as (MemberChange & { readonly user: UserId })[];
  const nids = await parts.nids.users.intern(
    tx,
    valid.map(({ user }) => user),
  );
  const domains = await parts.nids.domains.intern(
    tx,
    valid.map(({ user }) => domainOf(user)),
  );
  const before = await membershipsOf(tx, room.nid, [...nids.values()]);
  const rows: NewMember[] = [];
  const gone: number[] = [];
  const counts = new Counts();
  for (const { user, event } of valid) {
    const userNid = nids.get(user)!;
    const domainNid = domains.get(domainOf(user))!;
    const membership = event === undefined ? undefined : membershipOf(event);
    if (event === undefined || membership === undefined) gone.push(userNid);
    else
      rows.push({
        roomNid: room.nid,
        userNid,
        domainNid,
        membership,
        eventNid: event.nid,
        pos,
        ...profileOf(event.event.content),
      });
    counts.moved({ userNid, domainNid }, before.get(userNid), membership);
  }
  if (rows.length > 0) await setMembers(tx, rows);
  if (gone.length > 0) await deleteMembers(tx, room.nid, gone);
  await counts.write(tx, room.nid);
  await tellDepartures(parts, tx, room, counts);
  const ofOthers = valid.filter(({ user }) => domainOf(user) !== parts.serverName);
  if (ofOthers.length > 0)
    await noteChangedMembers(
      tx,
      ofOthers.map(({ user }) => nids.get(user)!),
    );
}

async function tellDepartures(parts: RoomsParts, tx: Tx, room: Room, counts: Counts): Promise<void> {
  const { departures, nids, serverName } = parts;
  if (departures === undefined || counts.left.length === 0) return;
  await departures.left(tx, counts.left);
  const us = await nids.domains.findOne(tx, serverName);
  if (us === undefined || counts.joinedOf(us) >= 0) return;
  if (!(await isServerIn(tx, room.nid, us))) await departures.roomLeft(tx, room.nid);
}

function membershipOf({ event }: StoredEvent): number | undefined {
  const text = getString(event.content, 'membership');
  return isMembership(text) ? MEMBERSHIPS[text] : undefined;
}

/** How the numbers of members move. */
class Counts {
  #joined = 0;
  #invited = 0;
  readonly #byDomain = new Map<number, number>();
  /** Who is not joined any more. */
  readonly left: number[] = [];

  moved(
    { userNid, domainNid }: { readonly userNid: number; readonly domainNid: number },
    before: number | undefined,
    after: number | undefined,
  ): void {
    const joined = Number(after === MEMBERSHIPS.join) - Number(before === MEMBERSHIPS.join);
    if (joined < 0) this.left.push(userNid);
    this.#joined += joined;
    this.#invited += Number(after === MEMBERSHIPS.invite) - Number(before === MEMBERSHIPS.invite);
    if (joined !== 0) this.#byDomain.set(domainNid, (this.#byDomain.get(domainNid) ?? 0) + joined);
  }

  /** By how much the number of a server's joined users moves. */
  joinedOf(domainNid: number): number {
    return this.#byDomain.get(domainNid) ?? 0;
  }

  async write(tx: Tx, roomNid: number): Promise<void> {
    if (this.#joined !== 0 || this.#invited !== 0) await addToCounts(tx, roomNid, this.#joined, this.#invited);
    for (const [domainNid, joined] of this.#byDomain)
      if (joined !== 0) await addToDomain(tx, roomNid, domainNid, joined);
  }
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
