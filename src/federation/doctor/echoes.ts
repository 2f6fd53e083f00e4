import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type Random, randomToken } from '../../base/random.ts';
import type { Bus } from '../../bus/bus.ts';

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
/** The bus subject on which an examination that begins is told, as JSON. */
const EXAMINATION_SUBJECT = 'doctor.examination';
/** Of other processes; each has one at a time. */
const MOST_EXAMINATIONS = 64;

interface Examination {
  readonly token: string;
  readonly until: number;
  /** The run of the process that examines. */
  readonly instance: string;
}

/**
 * Lets a request that the doctor sent to our own public name tell how it arrived. Whoever has no token of an examination
 * that runs is answered as if there were nothing. Processes of one cluster answer for each other, with the name of the one
 * that asks: to others they are one server.
 */
export class Echoes {
  /** Names this run of the process. */
  readonly instance: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #bus: Bus;
  /** By process, the one that began longest ago first. */
  readonly #running = new Map<string, Examination>();

  constructor({ clock, random, bus }: { readonly clock: Clock; readonly random: Random; readonly bus: Bus }) {
    this.#clock = clock;
    this.#random = random;
    this.#bus = bus;
    this.instance = randomToken(random, 9);
    bus.subscribe(EXAMINATION_SUBJECT, message => this.#keep(JSON.parse(message) as Examination));
  }

  /** A token for one examination; the one before it counts no more. */
  issue(): string {
    const { instance } = this;
    const token = randomToken(this.#random, 24);
    const examination: Examination = { token, until: this.#clock.now() + VALID_MS, instance };
    this.#keep(examination);
    this.#bus.publish(EXAMINATION_SUBJECT, JSON.stringify(examination));
    return token;
  }

  answer(
    token: string | undefined,
    request: { readonly target: string; readonly host: string | undefined },
  ): Echo | undefined {
    if (token === undefined) return undefined;
    const now = this.#clock.now();
    for (const { token: wanted, until, instance } of this.#running.values())
      if (now <= until && isSame(token, wanted)) return { instance, ...request };
    return undefined;
  }

  #keep(examination: Examination): void {
    this.#running.delete(examination.instance);
    this.#running.set(examination.instance, examination);
    if (this.#running.size <= MOST_EXAMINATIONS) return;
    const [oldest] = this.#running.keys();
    if (oldest !== undefined) this.#running.delete(oldest);
  }
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
