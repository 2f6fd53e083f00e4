import type { Reports } from '../../../accounts/reports.ts';
import { endpoint } from '../../endpoint.ts';
import { roomReportAnswer } from './report-answer.ts';
import { reportId } from './report-id.ts';

/** Synapse admin API, one report of a room. */
export const getRoomReport = ({ reports }: { readonly reports: Reports }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/room_reports/:reportId',
    auth: 'admin',
    async handle({ params }) {
      return roomReportAnswer(await reports.get('room', reportId(params.reportId)));
    },
  });
