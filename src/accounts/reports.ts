import type { Clock } from '../base/clock.ts';
import { type EventId, isUserId, type RoomId, type UserId } from '../core/ids.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import {
  countReports,
  countReportsSince,
  deleteReport,
  insertReport,
  type ListedReportRow,
  listReports,
  type ReportFilter,
  type ReportKind,
  reportById,
} from './report.table.ts';
import type { Users } from './users.ts';

export interface ReportsParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly users: Users;
}

/** What a reporter says about it. */
export interface Complaint {
  readonly reason?: string | null | undefined;
  readonly score?: number | undefined;
}

interface Target {
  readonly roomId?: RoomId;
  readonly eventId?: EventId;
  readonly userId?: UserId;
}

export type { ListedReportRow as ListedReport, ReportKind } from './report.table.ts';

export interface ReportListQuery {
  readonly filter: ReportFilter;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

const DAY_MS = 86_400_000;
/** Beside the rate limit, so that nobody fills the disk or buries the reports of others. */
const MOST_A_DAY = 300;
const LONGEST_REASON = 4000;

/** What users report to the administrators (client-server API, "Reporting Content"). */
export class Reports {
  readonly #parts: ReportsParts;

  constructor(parts: ReportsParts) {
    this.#parts = parts;
  }

  /** An event that the reporter sees, in a room they are in: the caller has looked. @throws as `#file` */
  async event(
    reporterNid: number,
    target: { readonly roomId: RoomId; readonly eventId: EventId; readonly userId: UserId },
    complaint: Complaint,
  ): Promise<void> {
    await this.#file('event', reporterNid, target, complaint);
  }

  /** A room that is known here, whether the reporter is in it or not. @throws as `#file` */
  async room(reporterNid: number, roomId: RoomId, complaint: Complaint): Promise<void> {
    await this.#file('room', reporterNid, { roomId }, complaint);
  }

  /** @throws MatrixError M_NOT_FOUND for a user that is not known here; as `#file` */
  async user(reporterNid: number, userId: string, complaint: Complaint): Promise<void> {
    const { nids, db, users } = this.#parts;
    const isKnown =
      isUserId(userId) &&
      (users.isLocal(userId) ? await users.find(userId) : await nids.users.findOne(db, userId)) !== undefined;
    if (!isKnown) throw notFound('The user was not found.');
    await this.#file('user', reporterNid, { userId }, complaint);
  }

  /** A page of the reports of one kind that fit, and how many fit in all. */
  async page(
    kind: ReportKind,
    query: ReportListQuery,
  ): Promise<{ readonly reports: readonly ListedReportRow[]; readonly total: number }> {
    const { db } = this.#parts;
    const total = await countReports(db, kind, query.filter);
    return { reports: await listReports(db, kind, query.filter, query), total };
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(kind: ReportKind, nid: number): Promise<ListedReportRow> {
    const report = await reportById(this.#parts.db, kind, nid);
    if (report === undefined) throw notFound('There is no such report.');
    return report;
  }

  /** Takes a report away that was dealt with. @throws MatrixError M_NOT_FOUND */
  async remove(kind: ReportKind, nid: number): Promise<void> {
    const wasThere = await this.#parts.db.tx(tx => deleteReport(tx, kind, nid));
    if (!wasThere) throw notFound('There is no such report.');
  }

  /** @throws MatrixError M_INVALID_PARAM for an overlong reason, M_LIMIT_EXCEEDED */
  async #file(kind: ReportKind, reporterNid: number, target: Target, complaint: Complaint): Promise<void> {
    const reason = complaint.reason ?? '';
    if (reason.length > LONGEST_REASON) throw invalidParam(`A reason has at most ${LONGEST_REASON} characters.`);
    const ts = this.#parts.clock.now();
    await this.#parts.db.tx(async tx => {
      if ((await countReportsSince(tx, reporterNid, ts - DAY_MS)) >= MOST_A_DAY) {
        throw new MatrixError(
          'M_LIMIT_EXCEEDED',
          'You have reported a lot today. The administrators will look at it.',
          {
            fields: { retry_after_ms: DAY_MS },
          },
        );
      }
      await insertReport(tx, kind, {
        reporter_nid: reporterNid,
        room_id: target.roomId ?? null,
        event_id: target.eventId ?? null,
        user_id: target.userId ?? null,
        reason,
        score: complaint.score ?? null,
        ts,
      });
    });
  }
}
