import type { Endpoint } from '../../endpoint.ts';
import { reportEvent } from './report-event.ts';
import type { ReportParts } from './report-parts.ts';
import { reportRoom } from './report-room.ts';
import { reportUser } from './report-user.ts';

/** Client-server API, "Reporting Content". */
export function reportRoutes(parts: ReportParts): Endpoint[] {
  return [reportEvent(parts), reportRoom(parts), reportUser(parts)];
}
