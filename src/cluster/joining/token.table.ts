import type { Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { after, type Moment } from '../process.table.ts';

/** An invitation that is good once, until `lifeMs` from now. Those that have run out for a day are forgotten. */
export async function putToken(tx: Tx, hash: string, now: Moment, lifeMs: number): Promise<void> {
  await tx.run(sql`delete from cluster_token where expires_ts < ${after(now, -86_400_000)}`);
  await tx.run(sql`insert into cluster_token (hash, expires_ts) values (${hash}, ${after(now, lifeMs)})`);
}

/** False for one that was used, has run out, or never was. */
export async function useToken(tx: Tx, hash: string, board: string, now: Moment): Promise<boolean> {
  const used = await tx.run(sql`update cluster_token set used_ts = ${now}, used_by = ${board}
    where hash = ${hash} and used_ts is null and expires_ts > ${now}`);
  return used === 1;
}
