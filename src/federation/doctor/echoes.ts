import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type Random, randomToken } from '../../base/random.ts';

/** What the process that was reached says of itself and of the request. */
export interface Echo {
  readonly instance: string;
  readonly target: string;
  readonly host: string | undefined;
}

export const ECHO_PATH = '/_matrix/federation/v1/doctor/echo/';
/** Carries the token of the examination that asks. */
export const ECHO_HEADER = 'x-copse-doctor';

const VALID_MS = 120_000;

/**
 * Lets a request that the doctor sent to our own public name tell how it arrived. Whoever has no token of an examination
 * that runs is answered as if there were nothing.
 */
export class Echoes {
  /** Names this run of the process. */
  readonly instance: string;
  readonly #clock: Clock;
  readonly #random: Random;
  #current: { readonly token: string; readonly until: number } | undefined;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
    this.instance = randomToken(random, 9);
  }

  /** A token for one examination; the one before it counts no more. */
  issue(): string {
    const token = randomToken(this.#random, 24);
    this.#current = { token, until: this.#clock.now() + VALID_MS };
    return token;
  }

  answer(
    token: string | undefined,
    request: { readonly target: string; readonly host: string | undefined },
  ): Echo | undefined {
    const current = this.#current;
    if (current === undefined || token === undefined || this.#clock.now() > current.until) return undefined;
    const [given, wanted] = [Buffer.from(token), Buffer.from(current.token)];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    return { instance: this.instance, ...request };
  }
}
