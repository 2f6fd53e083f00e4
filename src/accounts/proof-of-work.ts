import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { JsonObject } from '../core/json.ts';
import { SharedCounts, type SharingParts } from './shared-counts.ts';

export const PROOF_OF_WORK = 'io.copse.proof_of_work';

export interface ProofOfWorkSettings {
  /** `under_load`: while more accounts are made than usual. */
  readonly when: 'never' | 'under_load' | 'always';
  /** How hard it is while it is calm: the leading zero bits that a solution has. */
  readonly bits: number;
}

/** As many accounts within some minutes are nothing special. */
const CALM = 10;
/** In this time half of what was counted is forgotten. */
const HALF_LIFE_MS = 10 * 60_000;
/** Twice as many accounts make each four times as dear, up to this many bits more. */
const BITS_PER_DOUBLING = 2;
const MOST_BITS_MORE = 6;
const LONGEST_NONCE = 20;

/**
 * A stage of registration that costs those who make one account a moment and those who make thousands a bill: finding a
 * nonce with which a SHA-256 begins with many zero bits (hashcash). The more accounts are made, the more bits it takes.
 * The server keeps one number for it, and checks a solution with one hash.
 *
 * A solution is for one authentication session, and its bits are counted against what is asked when it is handed in: to
 * collect solutions while they are cheap brings nothing.
 */
export class ProofOfWork {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: ProofOfWorkSettings;
  /** Accounts made, each counting half after each half-life, as of `#countedAt`. */
  readonly #shared: SharedCounts | undefined;
  #level = 0;
  #countedAt = 0;

  /** `sharing`: where several processes make accounts. */
  constructor(clock: Clock, log: Log, settings: ProofOfWorkSettings, sharing?: SharingParts) {
    this.#shared = sharing && new SharedCounts(sharing, 'accounts.sign-ups', () => this.#count());
    this.#clock = clock;
    this.#log = log;
    this.#settings = settings;
  }

  /** `optional`: an account can be had with it as well as without. */
  get demand(): 'none' | 'optional' | 'required' {
    const { when } = this.#settings;
    if (when === 'never') return 'none';
    return when === 'always' || this.#currentLevel() > CALM ? 'required' : 'optional';
  }

  /** The leading zero bits that a solution needs now. */
  get bits(): number {
    const doublings = Math.log2(Math.max(this.#currentLevel() / CALM, 1));
    return this.#settings.bits + Math.min(Math.ceil(doublings * BITS_PER_DOUBLING), MOST_BITS_MORE);
  }

  /** `params` of the stage: with the session's ID, all that is needed to find a solution. */
  params(): JsonObject {
    return { algorithm: 'sha256', bits: this.bits };
  }

  isSolution(session: string, nonce: string): boolean {
    if (nonce.length > LONGEST_NONCE || !/^\d+$/.test(nonce)) return false;
    return leadingZeroBits(sha256(challengeOf(session) + nonce)) >= this.bits;
  }

  /** Counts an account, or a solution with which one can be made. */
  noteSignUp(): void {
    this.#count();
    this.#shared?.tell('');
  }

  #count(): void {
    const before = this.#currentLevel();
    this.#level = before + 1;
    this.#countedAt = this.#clock.monotonic();
    if (this.#settings.when === 'never' || before > CALM || this.#level <= CALM) return;
    this.#log.warn('Many accounts are being made: proof of work is asked for until it is calm again.', {
      bits: this.bits,
    });
  }

  #currentLevel(): number {
    return this.#level * 0.5 ** ((this.#clock.monotonic() - this.#countedAt) / HALF_LIFE_MS);
  }
}

/**
 * What the nonce is appended to: the SHA-256 of the session's ID in hexadecimal. Its 64 bytes are one block of the hash,
 * so an attempt costs one block more, for a page in a browser as for anybody else.
 */
export function challengeOf(session: string): string {
  return sha256(session).toString('hex');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function leadingZeroBits(hash: Buffer): number {
  const word = hash.readUInt32BE(0);
  return word === 0 ? 32 : Math.clz32(word);
}
