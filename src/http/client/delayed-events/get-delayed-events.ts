import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { delayedAnswers, delayedEnd } from './delayed-answer.ts';
import { DELAYED_EVENTS } from './delayed-paths.ts';

/**
 * The user's own delayed events: with `status=scheduled` those to come, with `status=finalised` those that are done,
 * else both; `delay_id` picks some. Older clients read those to come in `delayed_events`.
 */
export const getDelayedEvents = ({ rooms, delayed }: { readonly rooms: RoomsParts; readonly delayed: DelayedEvents }) =>
  endpoint({
    method: 'GET',
    path: DELAYED_EVENTS,
    auth: 'user',
    limit: 'other',
    async handle({ user, query }) {
      const status = query.choice('status', ['scheduled', 'finalised', 'all'], 'all');
      const picked = query.all('delay_id');
      const wanted = (row: { delay_id: string }) => picked.length === 0 || picked.includes(row.delay_id);
      const scheduled = status === 'finalised' ? [] : (await delayed.scheduled(user.userNid)).filter(wanted);
      const finalised = status === 'scheduled' ? [] : (await delayed.finalised(user.userNid)).filter(wanted);
      const toCome = await delayedAnswers(rooms, scheduled);
      const done = await Promise.all(
        finalised.map(async row => ({ delayed_event: (await delayedAnswers(rooms, [row]))[0], ...delayedEnd(row) })),
      );
      return {
        ...(status === 'finalised' ? {} : { delayed_events: toCome, scheduled: toCome }),
        ...(status === 'scheduled' ? {} : { finalised: done.filter(entry => entry.delayed_event !== undefined) }),
      };
    },
  });
