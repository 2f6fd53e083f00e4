import { isValidNewLocalpart, localpartOf, parseUserId, type ServerName, type UserId, userIdOf } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';

/**
 * The key by which localparts are unique: without differences of case, width and composition. New names are plain
 * ASCII; the key matters against accounts that came with a database of another server.
 */
export function foldLocalpart(localpart: string): string {
  return localpart.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/**
 * The user ID for a name somebody wants. Capital letters of ASCII become small ones; all else that the grammar does not
 * have is refused, look-alikes such as the Kelvin sign too. @throws MatrixError M_INVALID_USERNAME
 */
export function newUserId(wanted: string, serverName: ServerName): UserId {
  const localpart = wanted.replace(/[A-Z]/g, letter => letter.toLowerCase());
  if (!isValidNewLocalpart(localpart, serverName)) {
    throw new MatrixError(
      'M_INVALID_USERNAME',
      'A user name consists of a-z, 0-9 and ._=-/+ and is no longer than a user ID of 255 bytes allows.',
    );
  }
  return userIdOf(localpart, serverName);
}

/** The localpart that a login names: a full user ID of this server, or a bare localpart. Undefined for other servers. */
export function localpartToLogIn(user: string, serverName: ServerName): string | undefined {
  if (!user.startsWith('@')) return user;
  const parsed = parseUserId(user);
  return parsed?.domain === serverName ? localpartOf(user as UserId) : undefined;
}
