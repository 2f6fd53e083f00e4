import { domainOf, isUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, type JsonObject } from '../../core/json.ts';

/** The user that a member of an EDU names, if the user is of the server that sent it: it speaks for nobody else. */
export function userOf(origin: ServerName, content: JsonObject, member = 'user_id'): UserId | undefined {
  const userId = getString(content, member);
  return userId !== undefined && isUserOf(origin, userId) ? userId : undefined;
}

export function isUserOf(origin: ServerName, userId: string): userId is UserId {
  return isUserId(userId) && domainOf(userId) === origin;
}
