import type { Database } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { bytesOfLists, deleteLists, largestLists, usersWithLists } from './remote-device-list.table.ts';
import { MOST_BYTES, type RemoteLists } from './remote-lists.ts';

export interface TidyListsParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly lists: Pick<RemoteLists, 'owners'>;
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

async function deleteStrangers({ db, nids, lists }: TidyListsParts, userNids: readonly number[]): Promise<void> {
  const names = await nids.users.names(db, userNids);
  await db.tx(async tx => {
    const owners = await lists.owners(tx, [...names.values()]);
    const sharing = new Set([...owners.values()].map(({ userNid }) => userNid));
    const strangers = userNids.filter(userNid => !sharing.has(userNid));
    if (strangers.length > 0) await deleteLists(tx, strangers);
  });
}
