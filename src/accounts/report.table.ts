import type { EventId, RoomId, UserId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export const REPORT_KINDS = { event: 0, room: 1, user: 2 } as const;
export type ReportKind = keyof typeof REPORT_KINDS;

export interface ReportRow {
  readonly nid: number;
  readonly reporter_nid: number;
  readonly room_id: RoomId | null;
  readonly event_id: EventId | null;
  /** The reported user; for an event its sender. */
  readonly user_id: UserId | null;
  readonly reason: string;
  /** -100 (worst) to 0, from clients before version 1.18 of the specification. */
  readonly score: number | null;
  readonly ts: number;
}

const COLUMNS = sql`nid, reporter_nid, room_id, event_id, user_id, reason, score, ts`;

export async function insertReport(tx: Tx, kind: ReportKind, report: Omit<ReportRow, 'nid'>): Promise<void> {
  const { reporter_nid, room_id, event_id, user_id, reason, score, ts } = report;
  await tx.run(sql`insert into report (kind, reporter_nid, room_id, event_id, user_id, reason, score, ts)
    values (${REPORT_KINDS[kind]}, ${reporter_nid}, ${room_id}, ${event_id}, ${user_id}, ${reason}, ${score}, ${ts})`);
}

export async function countReportsSince(db: Queryable, reporterNid: number, ts: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from report where reporter_nid = ${reporterNid} and ts >= ${ts}`,
  );
  return row?.n ?? 0;
}

/** Newest first, those before number `before`. */
export function reportsOf(db: Queryable, kind: ReportKind, before: number, limit: number): Promise<ReportRow[]> {
  return db.all<ReportRow>(sql`select ${COLUMNS} from report
    where kind = ${REPORT_KINDS[kind]} and nid < ${before} order by nid desc limit ${limit}`);
}

export function reportById(db: Queryable, kind: ReportKind, nid: number): Promise<ReportRow | undefined> {
  return db.get<ReportRow>(sql`select ${COLUMNS} from report where kind = ${REPORT_KINDS[kind]} and nid = ${nid}`);
}

export async function deleteReport(tx: Tx, kind: ReportKind, nid: number): Promise<boolean> {
  return (await tx.run(sql`delete from report where kind = ${REPORT_KINDS[kind]} and nid = ${nid}`)) === 1;
}
