import { followRoom } from '../../../rooms/follow-room.ts';
import { endpoint } from '../../endpoint.ts';
import { viewOf } from '../rooms/view-of.ts';
import type { PeekingParts } from './peeking-parts.ts';

const DEFAULT_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * peekEvents: waits for what happens in one room, also for those who only look in. Without a room it is getEvents,
 * deprecated, for all rooms of the user.
 */
export const listenToEvents = (parts: Pick<PeekingParts, 'rooms' | 'ignoredUsers' | 'eventStream'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/events',
    auth: 'user',
    role: 'sync',
    limit: 'other',
    async handle({ user, query, signal }) {
      const roomId = query.get('room_id');
      const from = query.get('from');
      const timeoutMs = query.integer('timeout', { fallback: DEFAULT_WAIT_MS, max: LONGEST_WAIT_MS });
      if (roomId !== undefined)
        return followRoom(parts.rooms, await viewOf(parts, user), { roomId, from, timeoutMs, signal });
      const view = { userId: user.userId, userNid: user.userNid };
      return parts.eventStream.after({ view, from, timeoutMs, signal });
    },
  });
