import type { Requester } from '../../../accounts/requester.ts';
import { isRoomId, type RoomId } from '../../../core/ids.ts';
import { forbidden, invalidParam } from '../../../core/matrix-error.ts';

/** @throws MatrixError M_FORBIDDEN unless the path names the user who asks */
export function requireSelf(user: Requester, userId: string): void {
  if (userId !== user.userId) throw forbidden('This belongs to another user.');
}

/** @throws MatrixError M_INVALID_PARAM */
export function requireRoomId(text: string): RoomId {
  if (!isRoomId(text)) throw invalidParam('This is not a room ID.');
  return text;
}
