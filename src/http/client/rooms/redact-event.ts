import { Type } from '../../../base/schema.ts';
import type { EventId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { knownRoom } from '../../../rooms/room-access.ts';
import { sendRedaction } from '../../../rooms/send.ts';
import { endpoint } from '../../endpoint.ts';
import { sentAt } from './sent-at.ts';
import { transactionKey } from './transaction-key.ts';

/** redactEvent: strips an event of its content, here and everywhere. */
export const redactEvent = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/rooms/:roomId/redact/:eventId/:txnId',
    auth: 'user',
    limit: 'message',
    body: Type.Object({ reason: Type.Optional(Type.String()) }),
    strictJson: true,
    async handle({ user, params, query, body }) {
      const { roomId, eventId, txnId } = params;
      const room = await knownRoom(rooms, roomId);
      const draft = {
        type: 'm.room.redaction',
        sender: user.userId,
        content: body as JsonObject,
        redacts: eventId as EventId,
        // Who is suspended may still take back what they said themselves.
        ownOnly: user.isSuspended,
        ts: sentAt(user, query),
      };
      const key = transactionKey(user, txnId, 'redact', roomId, eventId);
      return { event_id: await sendRedaction(rooms, room, draft, key) };
    },
  });
