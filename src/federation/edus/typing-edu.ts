import type { ServerName, UserId } from '../../core/ids.ts';
import { getBoolean, getString, type JsonObject } from '../../core/json.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { eduRoom } from './edu-room.ts';
import type { TypingBoard } from './ports.ts';
import { userOf } from './user-of.ts';

/** Servers say so again while somebody goes on typing; whoever falls silent has stopped, or their server is gone. */
const TYPING_MS = 60_000;

/** `m.typing` (server-server API, "Typing Notifications"), of one transaction: what is said last of somebody counts. */
export async function takeTyping(
  rooms: RoomsParts,
  typing: TypingBoard,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<void> {
  const last = new Map<string, Typing>();
  for (const content of contents) {
    const told = readTyping(origin, content);
    if (told !== undefined) last.set(JSON.stringify([told.roomId, told.userId]), told);
  }
  for (const { roomId, userId, isTyping } of last.values()) {
    const room = await eduRoom(rooms, origin, roomId);
    if (room === undefined) continue;
    if ((await currentMembership(rooms, rooms.db, room, userId))?.membership !== 'join') continue;
    if (isTyping) typing.set(room.nid, userId, TYPING_MS);
    else typing.stop(room.nid, userId);
  }
}

interface Typing {
  readonly roomId: string;
  readonly userId: UserId;
  readonly isTyping: boolean;
}

function readTyping(origin: ServerName, content: JsonObject): Typing | undefined {
  const userId = userOf(origin, content);
  const roomId = getString(content, 'room_id');
  const isTyping = getBoolean(content, 'typing');
  return userId === undefined || roomId === undefined || isTyping === undefined
    ? undefined
    : { roomId, userId, isTyping };
}
