import { invalidParam } from '../../../core/matrix-error.ts';
import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import { endpoint } from '../../endpoint.ts';
import { DEHYDRATED_DEVICE } from './path.ts';

/** As many as there are at the most, however few bytes they are. */
const PAGE = 100;

/** MSC3814, `GET /dehydrated_device/{device_id}/events`: pages until one has no `next_batch`. */
export const getDehydratedEvents = (parts: { readonly dehydrated: Pick<DehydratedDevices, 'events'> }) =>
  endpoint({
    method: 'GET',
    path: `${DEHYDRATED_DEVICE}/:deviceId/events`,
    auth: 'user',
    limit: 'other',
    async handle({ user, params, query }) {
      const after = positionOf(query.get('from'));
      const page = await parts.dehydrated.events(
        user,
        params.deviceId,
        after,
        query.integer('limit', { fallback: PAGE, min: 1, max: PAGE }),
      );
      return { events: page.events, ...(page.more ? { next_batch: String(page.nextBatch) } : {}) };
    },
  });

/** @throws MatrixError M_INVALID_PARAM */
export function positionOf(token: string | undefined): number {
  if (token === undefined) return 0;
  if (!/^\d{1,15}$/.test(token)) throw invalidParam('This is no token of a page of events.');
  return Number(token);
}
