import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { reportId } from './report-id.ts';

/** Synapse admin API, "Delete a specific event report". */
export const deleteEventReport = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/event_reports/:reportId',
    auth: 'admin',
    async handle({ params }) {
      await reports.remove('event', reportId(params.reportId));
      return {};
    },
  });
