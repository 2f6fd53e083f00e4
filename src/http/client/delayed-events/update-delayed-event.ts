import { Type } from '../../../base/schema.ts';
import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import { endpoint } from '../../endpoint.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/**
 * The older way to manage a delayed event, with the action in the body. As in the newer one, knowing the ID is enough:
 * a call's server restarts the leaving of those it sees.
 */
export const updateDelayedEvent = ({ delayed }: { readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'POST',
    path: `${DELAYED_EVENTS}/:delayId`,
    auth: 'optional',
    limit: 'other',
    body: Type.Object({ action: Type.Enum(['cancel', 'restart', 'send']) }),
    async handle({ params, body }) {
      await delayed[body.action](params.delayId);
      return {};
    },
  });
