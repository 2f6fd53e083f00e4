import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { userReportAnswer } from './report-answer.ts';
import { reportPage } from './report-page.ts';

const WORDS = { kind: 'user', list: 'user_reports', target: 'target_user_id', answer: userReportAnswer } as const;

/** Synapse admin API, reported users. */
export const listUserReports = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/user_reports',
    auth: 'admin',
    handle: ({ query }) => reportPage(reports, query, WORDS),
  });
