import { PRESENCE_STATES } from '../../../sync/presence/user-presence.ts';
import type { SlidingSync } from '../../../sync/sliding/sliding-sync.ts';
import { endpoint } from '../../endpoint.ts';
import { SLIDING_BODY, slidingRequest } from './sliding-request.ts';

/** Simplified sliding sync (MSC4186). */
export const slidingSync = (parts: { readonly slidingSync: SlidingSync }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync',
    auth: 'user',
    role: 'sync',
    // As with `/sync`: the beginning of a connection may take long.
    without: { parameter: 'pos', role: 'initial-sync' },
    body: SLIDING_BODY,
    async handle({ user, query, body, signal }) {
      return parts.slidingSync.answer({
        ...slidingRequest(body, user.userId),
        view: { userId: user.userId, userNid: user.userNid, deviceId: user.deviceId },
        pos: query.get('pos') || undefined,
        timeoutMs: query.integer('timeout', { fallback: 0, max: 3_600_000 }),
        setPresence: query.choice('set_presence', PRESENCE_STATES, 'online'),
        signal,
      });
    },
  });
