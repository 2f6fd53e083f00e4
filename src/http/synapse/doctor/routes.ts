import type { Endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';
import { examineServers } from './examine-servers.ts';
import { findEvents } from './find-events.ts';
import { getTrace } from './get-trace.ts';
import { repairServer } from './repair-server.ts';
import { takeRoomState } from './take-room-state.ts';

/** The federation doctor, for administrators. */
export function doctorRoutes(parts: DoctorRouteParts): Endpoint[] {
  return [examineServers(parts), repairServer(parts), takeRoomState(parts), findEvents(parts), getTrace(parts)];
}
