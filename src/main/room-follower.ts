import type { RoomFollower } from '../accounts/ports.ts';
import type { Log } from '../base/log.ts';
import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { roomsOfUser } from '../rooms/members.table.ts';
import { leave, updateProfile } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { membershipName, type Room } from '../rooms/room.ts';

/** Carries changes of an account into the rooms the user is in. One room that refuses holds up no other. */
export function roomFollower(rooms: () => RoomsParts, log: Log): RoomFollower {
  return {
    leaveAllRooms: (userId, userNid) =>
      inEach(rooms(), log, userNid, ['join', 'invite', 'knock'], room =>
        leave(rooms(), room, { sender: userId, isForced: true }),
      ),
    profileChanged: (userId, userNid, profile) => {
      const shown = { displayName: profile.displayname, avatarUrl: profile.avatar_url };
      return inEach(rooms(), log, userNid, ['join'], room => updateProfile(rooms(), room, userId as UserId, shown));
    },
  };
}

async function inEach(
  rooms: RoomsParts,
  log: Log,
  userNid: number,
  memberships: readonly string[],
  act: (room: Room) => Promise<unknown>,
): Promise<void> {
  const rows = (await roomsOfUser(rooms.db, userNid)).filter(row =>
    memberships.includes(membershipName(row.membership)),
  );
  const found = await rooms.rooms.byNids(
    rooms.db,
    rows.map(row => row.room_nid),
  );
  const failures: unknown[] = [];
  for (const room of found.values()) {
    try {
      await act(room);
    } catch (error) {
      // What the room's rules refuse will be refused again; anything else is tried again by the caller.
      if (error instanceof MatrixError)
        log.warn('A room refused a change of a membership.', { room: room.roomId, reason: error.message });
      else failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} rooms could not be told of a change of an account`);
}
