import { type EventId, isEventId } from '../../../core/ids.ts';
import { getString, type JsonObject } from '../../../core/json.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { joinedRoom, knownRoom } from '../../../rooms/room-access.ts';
import { sendEvent as send, sendRedaction } from '../../../rooms/send.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { delayOf } from './delay-of.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { sentAt } from './sent-at.ts';
import { transactionKey } from './transaction-key.ts';

/** sendMessage: sends an event that is no state. A redaction may come this way too, with `redacts` in its content. */
export const sendEvent = ({ rooms, delayed }: Pick<RoomRouteParts, 'rooms' | 'delayed'>) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/rooms/:roomId/send/:eventType/:txnId',
    auth: 'user',
    limit: 'message',
    strictJson: true,
    async handle({ user, params, query, body }) {
      refuseSuspended(user);
      const { roomId, eventType: type, txnId } = params;
      const delay = delayOf(query);
      if (delay !== undefined) {
        const { userNid } = user;
        const redacted = type === 'm.room.redaction' ? redaction(body) : { content: body };
        const once = transactionKey(user, txnId, 'delayed', roomId, type);
        const later = await joinedRoom(rooms, roomId, user);
        return { delay_id: await delayed.schedule(later, { userNid, type, delay, ...redacted }, once) };
      }
      const room = await knownRoom(rooms, roomId);
      const key = transactionKey(user, txnId, 'send', roomId, type);
      const draft = { type, sender: user.userId, content: body, ts: sentAt(user, query) };
      const eventId =
        type === 'm.room.redaction'
          ? await sendRedaction(rooms, room, { ...draft, ...redaction(body) }, key)
          : await send(rooms, room, draft, key);
      return { event_id: eventId };
    },
  });

/** `redacts` goes where the room version has it. */
function redaction(body: JsonObject): { redacts: EventId; content: JsonObject } {
  const { redacts: _redacts, ...content } = body;
  const redacts = getString(body, 'redacts');
  if (redacts === undefined || !isEventId(redacts)) {
    throw new MatrixError('M_BAD_JSON', 'A redaction names the event to redact in redacts.');
  }
  return { redacts, content };
}
