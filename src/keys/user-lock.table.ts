import type { Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/**
 * Makes transactions about one user's keys wait for each other, so that what one has read still holds when it writes.
 * It is the row lock that `nextUserPos` takes too.
 */
export async function lockUser(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`update user_name set log_pos = log_pos where nid = ${userNid}`);
}
