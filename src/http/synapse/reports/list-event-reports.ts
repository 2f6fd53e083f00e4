import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { eventReportAnswer } from './report-answer.ts';
import { reportPage } from './report-page.ts';

const WORDS = {
  kind: 'event',
  list: 'event_reports',
  target: 'event_sender_user_id',
  answer: eventReportAnswer,
} as const;

/** Synapse admin API, "Show reported events". */
export const listEventReports = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/event_reports',
    auth: 'admin',
    handle: ({ query }) => reportPage(reports, query, WORDS),
  });
