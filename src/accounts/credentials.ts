import { getObject, getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import { addressKey } from './address-key.ts';
import type { Passwords } from './passwords.ts';
import type { RateLimits } from './rate-limits.ts';
import { foldLocalpart } from './user-names.ts';
import type { User, Users } from './users.ts';

/** Checks names and passwords, and slows down those who guess. */
export class Credentials {
  readonly #users: Users;
  readonly #passwords: Passwords;
  readonly #limits: RateLimits;

  constructor(users: Users, passwords: Passwords, limits: RateLimits) {
    this.#users = users;
    this.#passwords = passwords;
    this.#limits = limits;
  }

  /**
   * The user whose password this is; undefined for a wrong password and an unknown name alike. Failures are counted
   * by name and by address. @throws MatrixError M_LIMIT_EXCEEDED
   */
  async check(name: string, password: string, ip: string): Promise<User | undefined> {
    const user = await this.#users.toLogIn(name);
    const keys = [
      `failed ${user === undefined ? foldLocalpart(name.slice(0, 255)) : `user ${user.userNid}`}`,
      `failed ${addressKey(ip)}`,
    ];
    for (const key of keys) this.#limits.peekKey('login', key);
    const isRight = await this.#passwords.verify(password, user?.passwordHash);
    if (!isRight) for (const key of keys) this.#limits.countKey('login', key);
    return isRight || user?.isDeactivated ? user : undefined;
  }

  /** Counts a wrong guess of some other secret from an address. @throws MatrixError M_LIMIT_EXCEEDED */
  countFailure(ip: string): void {
    this.#limits.countKey('login', `failed ${addressKey(ip)}`);
  }
}

/**
 * The name in a login or a password stage: `identifier` of type m.id.user, or the old `user` field. Undefined when
 * there is neither. @throws MatrixError M_FORBIDDEN for identifiers nobody here has, M_UNKNOWN for unknown kinds
 */
export function identifiedName(data: JsonObject): string | undefined {
  const identifier = getObject(data, 'identifier');
  if (identifier === undefined) return getString(data, 'user');
  const type = getString(identifier, 'type');
  if (type === 'm.id.user') {
    const user = getString(identifier, 'user');
    if (user === undefined) throw new MatrixError('M_MISSING_PARAM', 'The identifier has no user.');
    return user;
  }
  if (type === 'm.id.thirdparty' || type === 'm.id.phone') throw forbidden('No account has this address.');
  throw new MatrixError('M_UNKNOWN', 'The type of the identifier is not known here.', { status: 400 });
}
