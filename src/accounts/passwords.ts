import { type Argon2Parameters, argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Account } from '../base/budget-account.ts';
import type { Random } from '../base/random.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { PasswordSettings } from './settings.ts';

/** The longest password in UTF-8 bytes. */
const MAX_BYTES = 512;
/** A hash holds a core for tens of milliseconds and a thread of four; two at a time leave room for all else. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 64;
const PATIENT = new AbortController().signal;
const TAG_BYTES = 32;
const SALT_BYTES = 16;

interface Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

const run = promisify(argon2);

/** What makes a key of a password. */
export type Argon2id = (parameters: Argon2Parameters) => Promise<Uint8Array>;

export function argon2idOnThreadPool(parameters: Argon2Parameters): Promise<Uint8Array> {
  return run('argon2id', parameters);
}

/** Hashes passwords with Argon2id, on the thread pool, a few at a time. Hashes are texts of the usual `$argon2id$` form. */
export class Passwords {
  readonly #settings: PasswordSettings;
  readonly #random: Random;
  readonly #argon2id: Argon2id;
  readonly #memory: Account | undefined;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `memory`: what the work is charged to. `argon2id`: the work itself. */
  constructor(settings: PasswordSettings, random: Random, memory?: Account, argon2id: Argon2id = argon2idOnThreadPool) {
    this.#memory = memory;
    this.#argon2id = argon2id;
    this.#settings = settings;
    this.#random = random;
  }

  /** The hash of a new password. @throws MatrixError M_WEAK_PASSWORD, M_INVALID_PARAM, M_LIMIT_EXCEEDED */
  async hash(password: string): Promise<string> {
    this.requireAcceptable(password);
    const salt = this.#random.bytes(SALT_BYTES);
    const cost = this.#cost();
    return encode(cost, salt, await this.#derive(Buffer.from(password, 'utf8'), salt, cost, TAG_BYTES));
  }

  /** @throws MatrixError M_WEAK_PASSWORD, M_INVALID_PARAM */
  requireAcceptable(password: string): void {
    if (Buffer.byteLength(password, 'utf8') > MAX_BYTES) {
      throw new MatrixError('M_INVALID_PARAM', `The password is longer than ${MAX_BYTES} bytes.`);
    }
    const { minimumLength } = this.#settings;
    if ([...password].length < minimumLength) {
      throw new MatrixError('M_WEAK_PASSWORD', `The password must have at least ${minimumLength} characters.`);
    }
  }

  /**
   * Whether the password belongs to the hash. Without a hash (no such user, or one without a password) the same work
   * is done before the answer is no, so that the time does not tell which users exist.
   *
   * @throws MatrixError M_LIMIT_EXCEEDED when too many passwords are being checked
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const bytes = Buffer.from(password, 'utf8');
    if (bytes.length > MAX_BYTES) return false;
    const known = hash === undefined ? undefined : decode(hash);
    const cost = known?.cost ?? this.#cost();
    const expected = known?.tag ?? Buffer.alloc(TAG_BYTES);
    const tag = await this.#derive(bytes, known?.salt ?? Buffer.alloc(SALT_BYTES), cost, expected.length);
    return timingSafeEqual(tag, expected) && known !== undefined;
  }

  #cost(): Cost {
    return { memoryKib: this.#settings.memoryKib, passes: this.#settings.passes, lanes: 1 };
  }

  async #derive(message: Uint8Array, nonce: Uint8Array, cost: Cost, tagLength: number): Promise<Uint8Array> {
    await this.#enter();
    try {
      using _ = await this.#memory?.reserve(cost.memoryKib * 1024, PATIENT);
      return await this.#argon2id({
        message,
        nonce,
        tagLength,
        memory: cost.memoryKib,
        passes: cost.passes,
        parallelism: cost.lanes,
      });
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= MAX_AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many passwords are being checked. Try again in a moment.', {
          fields: { retry_after_ms: 2000 },
        });
      }
      // Whoever leaves frees a place and wakes one; a newcomer can take it first, so the place is asked for again.
      await new Promise<void>(resolve => this.#waiting.push(resolve));
      return this.#enter();
    }
    this.#running++;
  }
}

/** PHC string format: $argon2id$v=19$m=...,t=...,p=...$salt$tag, base64 without padding. */
function encode({ memoryKib, passes, lanes }: Cost, salt: Uint8Array, tag: Uint8Array): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${base64(salt)}$${base64(tag)}`;
}

function decode(hash: string): { cost: Cost; salt: Uint8Array; tag: Uint8Array } | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  if (match === null) return undefined;
  const [, memoryKib, passes, lanes, salt = '', tag = ''] = match;
  return {
    cost: { memoryKib: Number(memoryKib), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}
