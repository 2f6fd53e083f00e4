import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { ServerName } from '../core/ids.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Registered, Registration } from './registration.ts';

const NONCE_MS = 60_000;
const MAX_NONCES = 1000;

export interface SharedSecretAccount {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly isAdmin: boolean;
  /** Part of what is signed where it is given; accounts here have no types. */
  readonly userType: string | undefined;
  readonly displayName: string | undefined;
  /** HMAC-SHA1 in hexadecimal. */
  readonly mac: string;
}

/** Making accounts with a secret that scripts share with the server, in the shape that Synapse gave it. */
export class SharedSecretRegistration {
  readonly #parts: { readonly clock: Clock; readonly random: Random; readonly serverName: ServerName };
  readonly #registration: Registration;
  readonly #secret: string | undefined;
  /** Nonces that were given out and not used, the oldest first, with the time at which they expire. */
  readonly #nonces = new Map<string, number>();

  constructor(
    parts: { readonly clock: Clock; readonly random: Random; readonly serverName: ServerName },
    registration: Registration,
    secret: string | undefined,
  ) {
    this.#parts = parts;
    this.#registration = registration;
    this.#secret = secret;
  }

  /** @throws MatrixError M_FORBIDDEN when there is no shared secret */
  nonce(): string {
    this.#requireSecret();
    const nonce = randomToken(this.#parts.random, 32);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size >= MAX_NONCES && oldest !== undefined) this.#nonces.delete(oldest);
    this.#nonces.set(nonce, this.#parts.clock.now() + NONCE_MS);
    return nonce;
  }

  /** @throws MatrixError M_FORBIDDEN, M_UNKNOWN for a stale nonce, and what making an account throws */
  async register(account: SharedSecretAccount): Promise<Registered> {
    const secret = this.#requireSecret();
    const expiresAt = this.#nonces.get(account.nonce) ?? 0;
    this.#nonces.delete(account.nonce);
    if (expiresAt <= this.#parts.clock.now()) {
      throw new MatrixError('M_UNKNOWN', 'The nonce is not known or has expired.', { status: 400 });
    }
    if (!isRightMac(secret, account)) throw forbidden('The HMAC is wrong.');
    const userId = await this.#registration.requireAvailable(account.username);
    const { password, isAdmin, displayName = account.username } = account;
    return this.#registration.create({ userId, password, displayName, isAdmin, login: {} });
  }

  #requireSecret(): string {
    if (this.#secret === undefined) throw forbidden('This server has no secret for registration.');
    return this.#secret;
  }
}

function isRightMac(secret: string, account: SharedSecretAccount): boolean {
  const signed = [account.nonce, account.username, account.password, account.isAdmin ? 'admin' : 'notadmin'];
  if (account.userType !== undefined) signed.push(account.userType);
  const expected = createHmac('sha1', secret).update(signed.join('\0')).digest();
  const given = Buffer.from(account.mac, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
