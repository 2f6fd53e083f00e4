import { isEventId } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';

/** Ours: what became of an event here, as far as it is known; with `ask=true` other servers are asked whether they have it. */
export const getTrace = ({ trace }: DoctorRouteParts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/trace/:eventId',
    auth: 'admin',
    async handle({ params: { eventId }, query }) {
      if (!isEventId(eventId)) throw new MatrixError('M_INVALID_PARAM', 'An event ID begins with $.');
      return trace(eventId, query.boolean('ask'));
    },
  });
