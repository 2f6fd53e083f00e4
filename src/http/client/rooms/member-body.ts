import type { Static } from 'typebox';
import { Type } from '../../../base/schema.ts';
import { isUserId, type UserId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';

/** The body of endpoints that do something to another user's membership. */
export const MemberBody = Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String()) });

/** @throws MatrixError M_INVALID_PARAM */
export function targetOf(body: Static<typeof MemberBody>): UserId {
  if (!isUserId(body.user_id)) throw invalidParam('user_id is not a user ID.');
  return body.user_id;
}
