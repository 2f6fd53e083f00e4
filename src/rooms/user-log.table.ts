import type { Bus } from '../bus/bus.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The bus subject that wakes what waits for a user. */
export function userSubject(userNid: number): string {
  return `user.${userNid}`;
}

/**
 * Takes the next position in a user's log. The row that the caller writes under that position (to-device message,
 * account data ...) belongs to the same transaction; whoever waits for the user is woken once it is durable.
 */
export async function nextUserPos(tx: Tx, bus: Bus, userNid: number): Promise<number> {
  const row = await tx.get<{ log_pos: number }>(
    sql`update user_name set log_pos = log_pos + 1 where nid = ${userNid} returning log_pos`,
  );
  if (row === undefined) throw new Error(`user ${userNid} has no number`);
  tx.afterCommit(() => bus.publish(userSubject(userNid)));
  return row.log_pos;
}

/** The last position of a user's log. */
export async function userPos(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ log_pos: number }>(sql`select log_pos from user_name where nid = ${userNid}`);
  return row?.log_pos ?? 0;
}

/** Leaves positions out in the logs of all users. */
export async function skipAllUserPositions(tx: Tx, count: number): Promise<void> {
  await tx.run(sql`update user_name set log_pos = log_pos + ${count}`);
}
