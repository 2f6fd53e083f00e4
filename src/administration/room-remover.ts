import type { AccountData } from '../accounts/account-data.ts';
import { deleteFederationRowsOf } from '../federation/room-rows.table.ts';
import { deleteNotificationsOf } from '../push/notifications.table.ts';
import { deletePushesOf } from '../push/push-queue.table.ts';
import type { RoomRemover } from '../rooms/room-remains.ts';

/** Clears away what the parts above rooms keep of a room. */
export function roomRemover(accountData: AccountData): RoomRemover {
  return {
    removeRows: deleteFederationRowsOf,
    async usersRemoved(tx, { nid, roomId }, userNids) {
      await deleteNotificationsOf(tx, nid, userNids);
      await deletePushesOf(tx, nid);
      for (const userNid of userNids) await accountData.removeOfRoom(tx, userNid, roomId);
    },
  };
}
