import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { reportId } from './report-id.ts';

/** Synapse admin API, takes away a report of a user. */
export const deleteUserReport = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/user_reports/:reportId',
    auth: 'admin',
    async handle({ params }) {
      await reports.remove('user', reportId(params.reportId));
      return {};
    },
  });
