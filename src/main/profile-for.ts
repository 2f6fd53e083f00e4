import type { Accounts } from '../accounts/accounts.ts';
import type { UserId } from '../core/ids.ts';
import type { MemberProfile } from '../rooms/member-content.ts';
import type { RoomsParts } from '../rooms/parts.ts';

/** What membership events say of a user; empty when nothing is known of them. */
export function profileFor(accounts: Accounts, rooms: RoomsParts): (userId: UserId) => Promise<MemberProfile> {
  return async userId => {
    const userNid = await rooms.nids.users.findOne(rooms.db, userId);
    if (userNid === undefined) return {};
    const profile = (await accounts.profiles.forMembers(rooms.db, [userNid])).get(userNid);
    return { displayName: profile?.displayname, avatarUrl: profile?.avatar_url };
  };
}
