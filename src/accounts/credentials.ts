import { getObject, getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import { addressKey } from './address-key.ts';
import type { Passwords } from './passwords.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Threepids } from './threepids.ts';
import { foldLocalpart } from './user-names.ts';
import type { User, Users } from './users.ts';

/** Checks names and passwords, and slows down those who guess. */
export class Credentials {
  readonly #users: Users;
  readonly #passwords: Passwords;
  readonly #limits: RateLimits;
  readonly #threepids: Threepids;

  constructor(users: Users, passwords: Passwords, limits: RateLimits, threepids: Threepids) {
    this.#threepids = threepids;
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

  /**
   * The name in a login or a password stage: that of `identifier`, by ID or address, or of the old fields. Undefined when
   * there is none. An address that nobody has stands for itself: it is then as wrong as a name that nobody has.
   * @throws MatrixError M_MISSING_PARAM, M_FORBIDDEN for telephone numbers, M_UNKNOWN for unknown kinds
   */
  async identifiedName(data: JsonObject): Promise<string | undefined> {
    const identifier = identifierIn(data);
    if (identifier === undefined) return undefined;
    const type = getString(identifier, 'type');
    const required = (key: string) => getString(identifier, key) ?? missing(key);
    if (type === 'm.id.user') return required('user');
    if (type === 'm.id.thirdparty') {
      const address = required('address');
      return (await this.#threepids.owner(required('medium'), address))?.userId ?? address;
    }
    if (type === 'm.id.phone') throw forbidden('No account has this telephone number.');
    throw new MatrixError('M_UNKNOWN', 'The type of the identifier is not known here.', { status: 400 });
  }

  /** Counts a wrong guess of some other secret from an address. @throws MatrixError M_LIMIT_EXCEEDED */
  countFailure(ip: string): void {
    this.#limits.countKey('login', `failed ${addressKey(ip)}`);
  }
}

/** Whether a login or a password stage names its user by an address. */
export function isByAddress(data: JsonObject): boolean {
  return getString(identifierIn(data) ?? {}, 'type') === 'm.id.thirdparty';
}

/** What a login or a password stage says of who it is. */
function identifierIn(data: JsonObject): JsonObject | undefined {
  const identifier = getObject(data, 'identifier');
  if (identifier !== undefined) return identifier;
  // As it was before there were identifiers.
  if (getString(data, 'medium') !== undefined) return { ...data, type: 'm.id.thirdparty' };
  const user = getString(data, 'user');
  return user === undefined ? undefined : { type: 'm.id.user', user };
}

function missing(key: string): never {
  throw new MatrixError('M_MISSING_PARAM', `The identifier has no ${key}.`);
}
