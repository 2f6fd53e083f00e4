import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import { endpoint } from '../../endpoint.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/** Drops a delayed event. Knowing the ID is enough. */
export const cancelDelayedEvent = ({ delayed }: { readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'POST',
    path: `${DELAYED_EVENTS}/:delayId/cancel`,
    auth: 'optional',
    limit: 'other',
    async handle({ params }) {
      await delayed.cancel(params.delayId);
      return {};
    },
  });
