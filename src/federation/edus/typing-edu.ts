import type { ServerName } from '../../core/ids.ts';
import { getBoolean, getString, type JsonObject } from '../../core/json.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { eduRoom } from './edu-room.ts';
import type { TypingBoard } from './ports.ts';
import { userOf } from './user-of.ts';

/** Servers say so again while somebody goes on typing; whoever falls silent has stopped, or their server is gone. */
const TYPING_MS = 60_000;

/** `m.typing` (server-server API, "Typing Notifications"). */
export async function takeTyping(
  rooms: RoomsParts,
  typing: TypingBoard,
  origin: ServerName,
  content: JsonObject,
): Promise<void> {
  const userId = userOf(origin, content);
  const roomId = getString(content, 'room_id');
  const isTyping = getBoolean(content, 'typing');
  if (userId === undefined || roomId === undefined || isTyping === undefined) return;
  const room = await eduRoom(rooms, origin, roomId);
  if (room === undefined) return;
  if ((await currentMembership(rooms, rooms.db, room, userId))?.membership !== 'join') return;
  if (isTyping) typing.set(room.nid, userId, TYPING_MS);
  else typing.stop(room.nid, userId);
}
