import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface PaceRow {
  readonly origin_nid: number;
  readonly n: number;
  readonly first: number;
  readonly last: number;
}

/** How often servers have sent us something since a time, those with the most first. */
export async function paces(db: Queryable, since: number, limit: number): Promise<PaceRow[]> {
  return db.all<PaceRow>(sql`select origin_nid, count(*) as n, min(ts) as first, max(ts) as last from inbox_transaction
    where ts > ${since} group by origin_nid order by n desc, origin_nid limit ${limit}`);
}

/** Servers whose next try is later than a time, those that fail for the longest time last. */
export async function restingServers(db: Queryable, retryAfter: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select domain_nid from destination
    where retry_at > ${retryAfter} order by failing_since desc, domain_nid limit ${limit}`);
  return rows.map(row => row.domain_nid);
}

/** Servers in the rooms in which most is missing. */
export async function serversOfHoles(db: Queryable, ownDomainNid: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select rd.domain_nid from room_domain rd
    join (select room_nid, count(*) as missing from hole where due is not null group by room_nid
      order by missing desc limit 5) holes on holes.room_nid = rd.room_nid
    where rd.joined > 0 and rd.domain_nid <> ${ownDomainNid}
    group by rd.domain_nid order by max(rd.joined) desc, rd.domain_nid limit ${limit}`);
  return rows.map(row => row.domain_nid);
}
