import type { User, Users } from '../../accounts/users.ts';
import { isUserId } from '../../core/ids.ts';
import { invalidParam } from '../../core/matrix-error.ts';

/** The account of this server that a path names. @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND */
export async function localUser(users: Users, userId: string): Promise<User> {
  if (!isUserId(userId)) throw invalidParam('This is not a user ID.');
  if (!users.isLocal(userId)) throw invalidParam('The user does not belong to this server.');
  return users.require(userId);
}
