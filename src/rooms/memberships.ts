import { isUserId, type RoomId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { roomsOfUser } from './members.table.ts';
import { countInvitesBy, countJoinedBy } from './membership-counts.table.ts';
import type { RoomsParts } from './parts.ts';
import { type Membership, membershipName } from './room.ts';

/** What a user is in every room that is known here; none for one that is not known. */
export async function membershipsOf(
  parts: RoomsParts,
  db: Queryable,
  userId: string,
): Promise<(readonly [RoomId, Membership])[]> {
  const userNid = isUserId(userId) ? await parts.nids.users.findOne(db, userId) : undefined;
  if (userNid === undefined) return [];
  const rows = await roomsOfUser(db, userNid);
  const rooms = await parts.rooms.byNids(
    db,
    rows.map(row => row.room_nid),
  );
  return rows.flatMap(row => {
    const room = rooms.get(row.room_nid);
    return room === undefined ? [] : [[room.roomId, membershipName(row.membership)] as const];
  });
}

/** How many invites a user has sent since a time. */
export function invitesSince(db: Queryable, userNid: number, ts: number): Promise<number> {
  return countInvitesBy(db, userNid, ts);
}

/** How many rooms a user has joined since a time, those left again too. */
export function joinsSince(db: Queryable, userNid: number, ts: number): Promise<number> {
  return countJoinedBy(db, userNid, ts);
}
