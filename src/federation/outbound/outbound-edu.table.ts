import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** An EDU that waits for a server. */
export interface QueuedEdu {
  readonly nid: number;
  readonly bytes: number;
  readonly json: string;
}

export interface NewEdu {
  readonly domainNid: number;
  readonly json: string;
}

/** What waits for one server. */
export interface EduQueue {
  readonly domain_nid: number;
  readonly edus: number;
  readonly edu_bytes: number;
}

const ROWS_A_STATEMENT = 200;

/** Queues EDUs, at least one, and gives the sums of the queues they went into. */
export async function queueEdus(tx: Tx, edus: readonly NewEdu[]): Promise<EduQueue[]> {
  const sums = new Map<number, { edus: number; bytes: number }>();
  for (let at = 0; at < edus.length; at += ROWS_A_STATEMENT) {
    const rows = edus.slice(at, at + ROWS_A_STATEMENT).map(({ domainNid, json }) => {
      const bytes = Buffer.byteLength(json);
      const sum = sums.get(domainNid) ?? { edus: 0, bytes: 0 };
      sums.set(domainNid, { edus: sum.edus + 1, bytes: sum.bytes + bytes });
      return [domainNid, bytes, json];
    });
    await tx.run(sql`insert into outbound_edu (domain_nid, bytes, json) values ${sql.rows(rows)}`);
  }
  // In one order, so that two that write to the same servers do not wait for each other in a circle.
  const rows = [...sums].sort(([a], [b]) => a - b).map(([domainNid, { edus, bytes }]) => [domainNid, edus, bytes]);
  return tx.all<EduQueue>(sql`insert into destination (domain_nid, edus, edu_bytes) values ${sql.rows(rows)}
    on conflict (domain_nid) do update set edus = destination.edus + excluded.edus,
      edu_bytes = destination.edu_bytes + excluded.edu_bytes
    returning domain_nid, edus, edu_bytes`);
}

/** The oldest EDUs for a server. */
export async function oldestEdus(db: Queryable, domainNid: number, limit: number): Promise<QueuedEdu[]> {
  return db.all<QueuedEdu>(sql`select nid, bytes, json from outbound_edu
    where domain_nid = ${domainNid} order by nid limit ${limit}`);
}

export async function edusByNid(db: Queryable, nids: readonly number[]): Promise<QueuedEdu[]> {
  return db.all<QueuedEdu>(sql`select nid, bytes, json from outbound_edu where nid ${sql.in(nids)} order by nid`);
}

/** Takes EDUs out of the queues they are in. Answers how many were there. */
export async function deleteEdus(tx: Tx, nids: readonly number[]): Promise<number> {
  const gone = await tx.all<{ domain_nid: number; bytes: number }>(
    sql`delete from outbound_edu where nid ${sql.in(nids)} returning domain_nid, bytes`,
  );
  const byDomain = [...Map.groupBy(gone, row => row.domain_nid)].sort(([a], [b]) => a - b);
  for (const [domainNid, rows] of byDomain) {
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    await tx.run(sql`update destination set edus = edus - ${rows.length}, edu_bytes = edu_bytes - ${bytes}
      where domain_nid = ${domainNid}`);
  }
  return gone.length;
}

/** The oldest EDUs of all servers together. */
export async function oldestOfAll(db: Queryable, limit: number): Promise<number[]> {
  const rows = await db.all<{ nid: number }>(sql`select nid from outbound_edu order by nid limit ${limit}`);
  return rows.map(row => row.nid);
}

/** What waits for all servers together. */
export async function queuedEdus(db: Queryable): Promise<{ readonly edus: number; readonly bytes: number }> {
  const row = await db.get<{ edus: number; bytes: number }>(sql`select cast(coalesce(sum(edus), 0) as bigint) as edus,
    cast(coalesce(sum(edu_bytes), 0) as bigint) as bytes from destination where edus > 0`);
  return row ?? { edus: 0, bytes: 0 };
}
