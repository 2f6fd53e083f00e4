import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface AuditRow {
  readonly nid: number;
  readonly ts: number;
  readonly user_nid: number;
  readonly ip: string;
  readonly method: string;
  readonly path: string;
}

/** The newest that are kept, whatever their age. */
const MOST = 100_000;

export async function insertAudit(tx: Tx, row: Omit<AuditRow, 'nid'>): Promise<void> {
  await tx.run(sql`insert into admin_audit (ts, user_nid, ip, method, path)
    values (${row.ts}, ${row.user_nid}, ${row.ip}, ${row.method}, ${row.path})`);
}

/** The newest before `before`, the newest first. */
export function auditBefore(db: Queryable, before: number, limit: number): Promise<AuditRow[]> {
  return db.all<AuditRow>(sql`select nid, ts, user_nid, ip, method, path from admin_audit
    where nid < ${before} order by nid desc limit ${limit}`);
}

/** Deletes up to `limit` rows that are older than `ts` or too many. Answers how many it were. */
export function pruneAudit(tx: Tx, ts: number, limit: number): Promise<number> {
  return tx.run(sql`delete from admin_audit where nid in (
    select nid from admin_audit where ts < ${ts} or nid <= (select max(nid) from admin_audit) - ${MOST}
    order by nid limit ${limit})`);
}
