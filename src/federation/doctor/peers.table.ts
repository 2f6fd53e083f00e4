import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** The servers that fail for the longest time, by number: those first for which something waits. */
export async function longestFailingServers(db: Queryable, limit: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select domain_nid from destination where retry_at is not null
    order by edus desc, failing_since limit ${limit}`);
  return rows.map(row => row.domain_nid);
}

/** In how many rooms both servers have joined users. */
export async function countShared(db: Queryable, domainNid: number, ownDomainNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from room_domain theirs
    join room_domain ours on ours.room_nid = theirs.room_nid and ours.domain_nid = ${ownDomainNid} and ours.joined > 0
    where theirs.domain_nid = ${domainNid} and theirs.joined > 0`);
  return row?.n ?? 0;
}
