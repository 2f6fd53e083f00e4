import { skipTransactions } from '../appservice/appservice.table.ts';
import type { Database } from '../db/database.ts';
import { doubtAllLists } from '../federation/devices/remote-device-list.table.ts';
import { devicesWithKeys } from '../keys/device-key.table.ts';
import type { DeviceLists } from '../keys/device-lists.ts';
import { spendAllKeys } from '../keys/one-time-key.table.ts';
import { skipAllLogPositions } from '../rooms/room-log.table.ts';
import { skipAllUserPositions } from '../rooms/user-log.table.ts';
import { moveRestoreMark } from './restore-mark.table.ts';

export interface RestoredParts {
  readonly db: Database;
  readonly deviceLists: DeviceLists;
}

/** More than a log can have grown by since any backup. */
const JUMP = 1_000_000_000;
/** Users whose device lists are told of in one transaction. */
const AT_ONCE = 50;

/**
 * Makes a database fit to be used that was put back from a backup. What was given out since then must not be given out
 * again with another meaning: positions in logs, which clients hold in their sync tokens, stream IDs of device lists, which
 * other servers compare, numbers of transactions and one-time keys. What others know better is asked for: their device
 * lists here, the events of rooms by the head probes that follow every start. (IDs of transactions to other servers come
 * from what is in them.) `mark`: where the mark of the data folder stood. Done again from the beginning where it was cut
 * short: the mark moves last.
 */
export async function repairRestored({ db, deviceLists }: RestoredParts, mark: number): Promise<void> {
  await db.tx(async tx => {
    await skipAllLogPositions(tx, JUMP);
    await skipAllUserPositions(tx, JUMP);
    await skipTransactions(tx, JUMP);
    await spendAllKeys(tx);
    await doubtAllLists(tx);
  });
  const users = [...(await devicesWithKeys(db))];
  for (let at = 0; at < users.length; at += AT_ONCE) {
    await db.tx(async tx => {
      for (const [userNid, devices] of users.slice(at, at + AT_ONCE))
        await deviceLists.announce(tx, userNid, { devices, crossSigning: true });
    });
  }
  await db.tx(tx => moveRestoreMark(tx, mark + 1));
}
