import type { Accounts } from '../accounts/accounts.ts';
import { carryAccountData } from '../accounts/room-successor.ts';
import type { PushRules } from '../push/push-rules.ts';
import { getMember } from '../rooms/members.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { NotificationWriter } from '../rooms/ports.ts';
import { localNewcomer, predecessorOf } from '../rooms/predecessor.ts';

export interface UpgradeFollowerParts {
  readonly rooms: () => RoomsParts;
  readonly accounts: () => Accounts;
  readonly pushRules: PushRules;
}

/** Whoever comes into the room that replaces one they know keeps their push rule, tags and direct chat for it. */
export function upgradeFollower(parts: UpgradeFollowerParts): NotificationWriter {
  return {
    async eventAccepted(tx, room, stored) {
      const rooms = parts.rooms();
      const userId = await localNewcomer(rooms, tx, stored);
      if (userId === undefined) return;
      const old = await predecessorOf(rooms, tx, room);
      const userNid = await rooms.nids.users.findOne(tx, userId);
      if (old === undefined || userNid === undefined || (await getMember(tx, old.nid, userNid)) === undefined) return;
      await parts.pushRules.carryToRoom(tx, userNid, old.roomId, room.roomId);
      await carryAccountData(parts.accounts().accountData, tx, userNid, old.roomId, room.roomId);
    },
  };
}

/** Several that an accepted event is told to, one after the other. */
export function oneAfterTheOther(listeners: readonly NotificationWriter[]): NotificationWriter {
  return {
    async eventAccepted(tx, room, stored) {
      for (const listener of listeners) await listener.eventAccepted(tx, room, stored);
    },
  };
}
