import type { ListedReport } from '../../../accounts/reports.ts';
import type { JsonObject } from '../../../core/json.ts';

/** A reported event. `user_id` is who reported it. */
export function eventReportAnswer(report: ListedReport): JsonObject {
  const { event_id, score, user_id: sender } = report;
  return { ...roomReportAnswer(report), event_id, sender, score };
}

export function roomReportAnswer({ nid, ts, reporter, reason, ...report }: ListedReport): JsonObject {
  const { room_id, room_name: name, room_alias: canonical_alias } = report;
  return { id: nid, received_ts: ts, room_id, name, canonical_alias, user_id: reporter, reason };
}

export function userReportAnswer({ nid, ts, reporter, reason, user_id: target }: ListedReport): JsonObject {
  return { id: nid, received_ts: ts, target_user_id: target, user_id: reporter, reason };
}
