import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import { endpoint } from '../../endpoint.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/** Lets the delay of a delayed event begin anew. Knowing the ID is enough. */
export const restartDelayedEvent = ({ delayed }: { readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'POST',
    path: `${DELAYED_EVENTS}/:delayId/restart`,
    auth: 'optional',
    limit: 'other',
    async handle({ params }) {
      await delayed.restart(params.delayId);
      return {};
    },
  });
