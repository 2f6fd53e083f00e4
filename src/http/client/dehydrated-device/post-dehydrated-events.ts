import { Type } from '../../../base/schema.ts';
import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import { endpoint } from '../../endpoint.ts';
import { positionOf } from './get-dehydrated-events.ts';
import { DEHYDRATED_DEVICE } from './path.ts';

const Body = Type.Object({ next_batch: Type.Optional(Type.String()) });

/** MSC3814 as clients of before 2025 have it: pages until one has no events. */
export const postDehydratedEvents = (parts: { readonly dehydrated: Pick<DehydratedDevices, 'events'> }) =>
  endpoint({
    method: 'POST',
    path: `${DEHYDRATED_DEVICE}/:deviceId/events`,
    auth: 'user',
    limit: 'other',
    body: Body,
    async handle({ user, params, body }) {
      const page = await parts.dehydrated.events(user, params.deviceId, positionOf(body.next_batch));
      return { events: page.events, next_batch: String(page.nextBatch) };
    },
  });
