import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import { openSealedText, sealText } from '../base/sealed-text.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServerName } from '../core/ids.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Registered, Registration } from './registration.ts';
import type { SessionRequest } from './sessions.ts';
import { requireUserType } from './user-type.ts';

const NONCE_MS = 60_000;
/** About 150 KB. When there are more within a minute, the oldest can be used again. */
const MAX_USED = 1000;
const PURPOSE = 'registration-nonce';
/** The bus subject on which a nonce is told that was used, as JSON. */
const NONCE_USED = 'accounts.nonce';

export interface SharedSecretAccount {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly isAdmin: boolean;
  /** Part of what is signed where it is given. */
  readonly userType: string | undefined;
  readonly displayName: string | undefined;
  /** HMAC-SHA1 in hexadecimal. */
  readonly mac: string;
  /** Undefined: `inhibit_login`. */
  readonly login: Omit<SessionRequest, 'userNid'> | undefined;
}

interface SharedSecretParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: ServerName;
  readonly bus: Bus;
}

/** What is in a nonce, sealed with the shared secret. */
interface Nonce {
  readonly id: string;
  readonly expires: number;
}

/**
 * Making accounts with a secret that scripts share with the server, in the shape that Synapse gave it. Nothing is kept of a
 * nonce that was given out, so it is good at each process of a cluster. That it was used is told to all of them; where that
 * is lost it may be used twice, for an account of that name that is there by then.
 */
export class SharedSecretRegistration {
  readonly #parts: SharedSecretParts;
  readonly #registration: Registration;
  readonly #secret: string | undefined;
  /** IDs of nonces that were used and have not expired, the oldest first, with the time at which they do. */
  readonly #used = new Map<string, number>();

  constructor(parts: SharedSecretParts, registration: Registration, secret: string | undefined) {
    this.#parts = parts;
    this.#registration = registration;
    this.#secret = secret;
    if (secret !== undefined) parts.bus.subscribe(NONCE_USED, message => this.#keep(JSON.parse(message) as Nonce));
  }

  /** @throws MatrixError M_FORBIDDEN when there is no shared secret */
  nonce(): string {
    const { clock, random } = this.#parts;
    const nonce: Nonce = { id: randomToken(random, 16), expires: clock.now() + NONCE_MS };
    return sealText(PURPOSE, nonce, Buffer.from(this.#requireSecret()));
  }

  /** @throws MatrixError M_FORBIDDEN, M_UNKNOWN for a stale nonce, and what making an account throws */
  async register(account: SharedSecretAccount): Promise<Registered> {
    const secret = this.#requireSecret();
    if (!this.#use(openSealedText(PURPOSE, account.nonce, Buffer.from(secret)) as Nonce | undefined)) {
      throw new MatrixError('M_UNKNOWN', 'The nonce is not known or has expired.', { status: 400 });
    }
    if (!isRightMac(secret, account)) throw forbidden('The HMAC is wrong.');
    requireUserType(account.userType);
    const userId = await this.#registration.requireAvailable(account.username);
    const { password, isAdmin, userType, displayName = account.username, login } = account;
    return this.#registration.create({ userId, password, displayName, isAdmin, userType, login });
  }

  /** How many used nonces are remembered. */
  get remembered(): number {
    return this.#used.size;
  }

  /** Whether it may be used, which it cannot be again. */
  #use(nonce: Nonce | undefined): boolean {
    if (nonce === undefined || nonce.expires <= this.#parts.clock.now() || this.#used.has(nonce.id)) return false;
    this.#keep(nonce);
    this.#parts.bus.publish(NONCE_USED, JSON.stringify(nonce));
    return true;
  }

  #keep({ id, expires }: Nonce): void {
    if (this.#used.has(id)) return;
    const now = this.#parts.clock.now();
    for (const [oldest, end] of this.#used) {
      if (end > now && this.#used.size < MAX_USED) break;
      this.#used.delete(oldest);
    }
    this.#used.set(id, expires);
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
