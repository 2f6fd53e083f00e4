import { followRoom } from '../../../rooms/follow-room.ts';
import { endpoint } from '../../endpoint.ts';
import { viewOf } from '../rooms/view-of.ts';
import type { PeekingParts } from './peeking-parts.ts';

const DEFAULT_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 60_000;

/** peekEvents: waits for what happens in one room, also for those who only look in. */
export const peekEvents = (parts: Pick<PeekingParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/events',
    auth: 'user',
    limit: 'other',
    async handle({ user, query, signal }) {
      return followRoom(parts.rooms, await viewOf(parts, user), {
        roomId: query.required('room_id'),
        from: query.get('from'),
        timeoutMs: query.integer('timeout', { fallback: DEFAULT_WAIT_MS, max: LONGEST_WAIT_MS }),
        signal,
      });
    },
  });
