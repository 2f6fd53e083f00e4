import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import { endpoint } from '../../endpoint.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/** Sends a delayed event at once. Knowing the ID is enough. */
export const sendDelayedEvent = ({ delayed }: { readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'POST',
    path: `${DELAYED_EVENTS}/:delayId/send`,
    auth: 'optional',
    limit: 'other',
    async handle({ params }) {
      await delayed.send(params.delayId);
      return {};
    },
  });
