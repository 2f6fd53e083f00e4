import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { delayedAnswers, delayedEnd } from './delayed-answer.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/** One of the user's delayed events, and how it ended where it has. */
export const getDelayedEvent = ({ rooms, delayed }: { readonly rooms: RoomsParts; readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'GET',
    path: `${DELAYED_EVENTS}/:delayId`,
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      const row = await delayed.find(user.userNid, params.delayId);
      const [answer] = await delayedAnswers(rooms, [row]);
      return { ...answer, ...(row.outcome === null ? {} : delayedEnd(row)) };
    },
  });
