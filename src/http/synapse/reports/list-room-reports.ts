import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { roomReportAnswer } from './report-answer.ts';
import { reportPage } from './report-page.ts';

const WORDS = { kind: 'room', list: 'room_reports', target: 'target_user_id', answer: roomReportAnswer } as const;

/** Synapse admin API, reported rooms, in the same shape as the others; Synapse has none of these. */
export const listRoomReports = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/room_reports',
    auth: 'admin',
    handle: ({ query }) => reportPage(reports, query, WORDS),
  });
