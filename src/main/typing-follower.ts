import type { UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import type { NotificationWriter } from '../rooms/ports.ts';
import type { Typing } from '../sync/typing.ts';

/** Whoever has left a room or was thrown out types there no more, whatever they said last. */
export function typingFollower(typing: () => Pick<Typing, 'stop'>): NotificationWriter {
  return {
    async eventAccepted(tx, room, { event }) {
      if (event.type !== 'm.room.member' || getString(event.content, 'membership') === 'join') return;
      tx.afterCommit(() => typing().stop(room.nid, event.stateKey as UserId));
    },
  };
}
