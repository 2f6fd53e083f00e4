import type { UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { getMember } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { type Membership, membershipName, type Room } from './room.ts';
import { isServerIn } from './room-domains.table.ts';

/** Somebody's membership as the tables have it now. */
export async function currentMembership(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  userId: UserId,
): Promise<{ membership: Membership; eventNid: number; pos: number; forgotten: boolean } | undefined> {
  const userNid = await parts.nids.users.findOne(db, userId);
  const row = userNid === undefined ? undefined : await getMember(db, room.nid, userNid);
  if (row === undefined) return undefined;
  return {
    membership: membershipName(row.membership),
    eventNid: row.event_nid,
    pos: row.pos,
    forgotten: row.forgotten === 1,
  };
}

/** Whether one of our users is joined: then the room's events reach us, and we may add to them. */
export async function isResident(parts: RoomsParts, db: Queryable, room: Room): Promise<boolean> {
  const domainNid = await parts.nids.domains.findOne(db, parts.serverName);
  return domainNid !== undefined && (await isServerIn(db, room.nid, domainNid));
}
