import type { Reports } from '../../../accounts/reports.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { eventReportAnswer } from './report-answer.ts';
import { reportId } from './report-id.ts';

/** Synapse admin API, "Show details of a specific event report": with the event, unless it is gone. */
export const getEventReport = ({ reports, rooms }: { readonly reports: Reports; readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/event_reports/:reportId',
    auth: 'admin',
    async handle({ params }) {
      const report = await reports.get('event', reportId(params.reportId));
      const stored = report.event_id === null ? undefined : await rooms.events.byId(rooms.db, report.event_id);
      return { ...eventReportAnswer(report), event_json: stored?.event.pdu ?? null };
    },
  });
