import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { deleteEventReport } from './delete-event-report.ts';
import { deleteRoomReport } from './delete-room-report.ts';
import { deleteUserReport } from './delete-user-report.ts';
import { getEventReport } from './get-event-report.ts';
import { getRoomReport } from './get-room-report.ts';
import { getUserReport } from './get-user-report.ts';
import { listEventReports } from './list-event-reports.ts';
import { listRoomReports } from './list-room-reports.ts';
import { listUserReports } from './list-user-reports.ts';

/** What users have reported, for administrators. */
export function reportAdminRoutes({ accounts, rooms }: Pick<SynapseRouteParts, 'accounts' | 'rooms'>): Endpoint[] {
  return [
    listEventReports(accounts),
    getEventReport({ reports: accounts.reports, rooms }),
    deleteEventReport(accounts),
    listRoomReports(accounts),
    getRoomReport(accounts),
    deleteRoomReport(accounts),
    listUserReports(accounts),
    getUserReport(accounts),
    deleteUserReport(accounts),
  ];
}
