import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { userReportAnswer } from './report-answer.ts';
import { reportId } from './report-id.ts';

/** Synapse admin API, one report of a user. */
export const getUserReport = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/user_reports/:reportId',
    auth: 'admin',
    async handle({ params }) {
      return userReportAnswer(await reports.get('user', reportId(params.reportId)));
    },
  });
