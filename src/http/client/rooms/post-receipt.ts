import { Type } from '../../../base/schema.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { type MarkerType, setMarkers } from '../../../rooms/receipts.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const TYPES: readonly MarkerType[] = ['m.read', 'm.read.private', 'm.fully_read'];

/** postReceipt: says up to where the user has read, in the room or in one thread. */
export const postReceipt = ({ rooms, reading }: Pick<RoomRouteParts, 'rooms' | 'reading'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/receipt/:receiptType/:eventId',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ thread_id: Type.Optional(Type.Unknown()) }),
    async handle({ user, params, body }) {
      const type = TYPES.find(known => known === params.receiptType);
      if (type === undefined) throw invalidParam(`The type of a receipt is one of ${TYPES.join(', ')}.`);
      // matrix-nio writes null for none.
      const threadId = body.thread_id ?? undefined;
      if (threadId !== undefined && typeof threadId !== 'string') throw invalidParam('thread_id must be a string.');
      const room = await joinedRoom(rooms, params.roomId, user);
      await setMarkers(rooms, reading, room, user, [{ type, eventId: params.eventId, threadId }]);
      return {};
    },
  });
