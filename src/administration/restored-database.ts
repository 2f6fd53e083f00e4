import { skipTransactions } from '../appservice/appservice.table.ts';
import type { Clock } from '../base/clock.ts';
import type { Database } from '../db/database.ts';
import { doubtAllLists } from '../federation/devices/remote-device-list.table.ts';
import { beginEpoch } from '../federation/gaps/returned-event.table.ts';
import { devicesWithKeys, keylessDevices } from '../keys/device-key.table.ts';
import type { DeviceLists } from '../keys/device-lists.ts';
import { spendAllKeys } from '../keys/one-time-key.table.ts';
import { skipAllLogPositions } from '../rooms/room-log.table.ts';
import { skipAllUserPositions } from '../rooms/user-log.table.ts';
import { moveRestoreMark } from './restore-mark.table.ts';

export interface RestoredParts {
  readonly db: Database;
  readonly clock: Clock;
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
 * lists here, the events of rooms by the head probes that follow every start. (IDs of transactions to other servers are
 * random.) `mark`: where the mark of the data folder stood. Done again from the beginning where it was cut short: the mark
 * moves last. May be done while the server runs: see decision 0158.
 */
export async function repairRestored({ db, clock, deviceLists }: RestoredParts, mark = 0): Promise<void> {
  await db.tx(async tx => {
    await skipAllLogPositions(tx, JUMP);
    await skipAllUserPositions(tx, JUMP);
    await skipTransactions(tx, JUMP);
    await spendAllKeys(tx);
    await doubtAllLists(tx);
  });
  // Others may know of devices that are lost: one that is told of with the numbers of now has them ask for all.
  const users = [...(await devicesWithKeys(db)), ...(await keylessDevices(db))];
  for (let at = 0; at < users.length; at += AT_ONCE) {
    await db.tx(async tx => {
      for (const [userNid, devices] of users.slice(at, at + AT_ONCE))
        await deviceLists.announce(tx, userNid, { devices, crossSigning: true });
    });
  }
  await db.tx(async tx => {
    await beginEpoch(tx, clock.now());
    await moveRestoreMark(tx, mark + 1);
  });
}
