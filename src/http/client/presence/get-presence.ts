import type { UserId } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { requirePresenceVisible } from '../../../sync/presence/may-see-presence.ts';
import type { Presence } from '../../../sync/presence/presence.ts';
import { endpoint } from '../../endpoint.ts';

/** getPresence. Where presence is switched off everybody is offline. */
export const getPresence = (parts: { readonly rooms: RoomsParts; readonly presence: Presence | undefined }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/presence/:userId/status',
    auth: 'user',
    async handle({ user, params }) {
      const userNid = await requirePresenceVisible(parts.rooms, user.userNid, params.userId as UserId);
      return parts.presence?.contentOf(userNid) ?? { presence: 'offline' };
    },
  });
