import type { EventId, RoomId, UserId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import { likeText } from './user-list.table.ts';

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

/** A report with what is known of its room now. */
export interface ListedReportRow extends ReportRow {
  readonly reporter: UserId;
  readonly room_name: string | null;
  readonly room_alias: string | null;
}

/** Which reports are wanted. What is undefined does not matter. */
export interface ReportFilter {
  /** Part of the user ID of whoever reported. */
  readonly reporter?: string | undefined;
  /** Part of the room ID. */
  readonly roomId?: string | undefined;
  /** The sender of the reported event, or part of the user ID of the reported user. */
  readonly userId?: string | undefined;
}

const COLUMNS = sql`r.nid, r.reporter_nid, r.room_id, r.event_id, r.user_id, r.reason, r.score, r.ts,
  u.user_id as reporter, f.name as room_name, f.alias as room_alias`;
const FROM = sql`from report r join user_name u on u.nid = r.reporter_nid
  left join room on room.room_id = r.room_id left join room_facts f on f.room_nid = room.nid`;

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

/** A page of the reports of one kind, by age. */
export function listReports(
  db: Queryable,
  kind: ReportKind,
  filter: ReportFilter,
  page: { readonly backward: boolean; readonly from: number; readonly limit: number },
): Promise<ListedReportRow[]> {
  return db.all<ListedReportRow>(sql`select ${COLUMNS} ${FROM} where ${conditions(kind, filter)}
    order by r.nid ${page.backward ? sql`desc` : sql`asc`} limit ${page.limit} offset ${page.from}`);
}

export async function countReports(db: Queryable, kind: ReportKind, filter: ReportFilter): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from report r join user_name u on u.nid = r.reporter_nid where ${conditions(kind, filter)}`,
  );
  return row?.n ?? 0;
}

export function reportById(db: Queryable, kind: ReportKind, nid: number): Promise<ListedReportRow | undefined> {
  return db.get<ListedReportRow>(sql`select ${COLUMNS} ${FROM} where ${conditions(kind, {})} and r.nid = ${nid}`);
}

function conditions(kind: ReportKind, { reporter, roomId, userId }: ReportFilter): Sql {
  const all = [sql`r.kind = ${REPORT_KINDS[kind]}`];
  if (reporter !== undefined) all.push(contains(sql`u.user_id`, reporter));
  if (roomId !== undefined) all.push(contains(sql`r.room_id`, roomId));
  if (userId !== undefined) all.push(kind === 'event' ? sql`r.user_id = ${userId}` : contains(sql`r.user_id`, userId));
  return sql.all(all);
}

function contains(column: Sql, part: string): Sql {
  return sql`${column} like ${`%${likeText(part)}%`} escape '\\'`;
}

export async function deleteReport(tx: Tx, kind: ReportKind, nid: number): Promise<boolean> {
  return (await tx.run(sql`delete from report where kind = ${REPORT_KINDS[kind]} and nid = ${nid}`)) === 1;
}
