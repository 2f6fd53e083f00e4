import type { Database } from '../../db/database.ts';
import { type NeighbourParts, neighbours } from './neighbours.ts';
import { bytesOfLists, deleteLists, largestLists, usersWithLists } from './remote-device-list.table.ts';
import { MOST_BYTES } from './remote-lists.ts';

export interface TidyListsParts extends NeighbourParts {
  readonly db: Database;
}

/** Lists of one transaction: small, so that nobody waits behind it. */
const AT_ONCE = 200;

/**
 * Clears away the device lists of users who share no room with us any more; and while all lists take more bytes than they
 * may, the largest of the server whose lists take most. They are asked for when somebody wants them.
 */
export async function tidyLists(parts: TidyListsParts, mostBytes = MOST_BYTES): Promise<void> {
  const { db } = parts;
  let after = 0;
  for (;;) {
    const userNids = await usersWithLists(db, after, AT_ONCE);
    const last = userNids.at(-1);
    if (last === undefined) break;
    await deleteStrangers(parts, userNids);
    after = last;
  }
  while ((await bytesOfLists(db)) > mostBytes) {
    const largest = await largestLists(db, AT_ONCE);
    if (largest.length === 0) return;
    await db.tx(tx => deleteLists(tx, largest));
  }
}

async function deleteStrangers(parts: TidyListsParts, userNids: readonly number[]): Promise<void> {
  const names = await parts.nids.users.names(parts.db, userNids);
  await parts.db.tx(async tx => {
    const owners = await neighbours(parts, tx, [...names.values()]);
    const sharing = new Set([...owners.values()].map(({ userNid }) => userNid));
    const strangers = userNids.filter(userNid => !sharing.has(userNid));
    if (strangers.length > 0) await deleteLists(tx, strangers);
  });
}
