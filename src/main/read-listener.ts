import { oneItem } from '../accounts/account-data.table.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { EventId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import type { Notifications } from '../push/notifications.ts';
import type { ReadListener } from '../rooms/ports.ts';

const FULLY_READ = 'm.fully_read';

/** What follows from reading: notifications are cleared, and the fully-read marker is account data of the room. */
export function readListener(accounts: Accounts, notifications: Notifications): ReadListener {
  return {
    async readUpTo(tx, userNid, roomNid, thread, pos) {
      await notifications.clearUpTo(tx, userNid, roomNid, thread, pos);
    },
    async fullyRead(db, userNid, roomId) {
      const content = await oneItem(db, userNid, roomId, FULLY_READ);
      return content === undefined ? undefined : (getString(content, 'event_id') as EventId | undefined);
    },
    setFullyRead: (tx, userNid, roomId, eventId) =>
      accounts.accountData.write(tx, userNid, roomId, FULLY_READ, { event_id: eventId }),
  };
}
