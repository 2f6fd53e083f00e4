import type { KeyObject } from 'node:crypto';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Random, randomFraction } from '../../base/random.ts';
import type { CertificateStatus } from '../../cli/certificate-text.ts';
import { AcmeClient } from './acme-client.ts';
import { AcmeError } from './acme-error.ts';
import { type CertificateFacts, newKeys } from './acme-files.ts';
import type { Ask } from './ask.ts';
import { type Challenges, obtainCertificate } from './obtain.ts';
import type { SharedCertificate } from './shared-certificate.ts';

export interface RenewalParts {
  readonly ask: Ask;
  readonly directory: string;
  readonly email: string | undefined;
  readonly names: readonly string[];
  readonly certificate: SharedCertificate;
  /** The account's private key. */
  readonly accountKey: KeyObject;
  readonly challenges: Challenges;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const HOUR_MS = 3_600_000;
/** The plan is made anew at least so often: the machine may have slept. */
const LONGEST_SLEEP_MS = 6 * HOUR_MS;
/** Let's Encrypt allows five refused names an hour. */
const FIRST_RETRY_MS = 15 * 60_000;
const LONGEST_RETRY_MS = 12 * HOUR_MS;
/** A certificate is renewed once this part of its time is over, give or take `JITTER` of it. */
const RENEWED_AT = 2 / 3;
const JITTER = 1 / 30;

/** Gets a certificate from an authority, and the next one long before it ends. */
export class CertificateRenewal {
  readonly #parts: RenewalParts;
  readonly #client: AcmeClient;
  /** So that not all servers of one day come on the same one again. */
  readonly #share: number;
  #failures = 0;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
    this.#client = new AcmeClient(parts);
    this.#share = RENEWED_AT + (randomFraction(parts.random) * 2 - 1) * JITTER;
  }

  get status(): CertificateStatus {
    const { names, certificate } = this.#parts;
    const { facts, problem } = certificate;
    const span = facts === undefined || facts.isStandIn ? undefined : { from: facts.from, until: facts.until };
    return { names, from: span?.from, until: span?.until, problem };
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      // Whoever did this before may have got one.
      await this.follow();
      const wait = this.#dueAt() - clock.now();
      if (wait > 0) await sleep(clock, Math.min(wait, LONGEST_SLEEP_MS), signal);
      else await sleep(clock, await this.#renew(signal), signal);
    }
  }

  /** Takes up what another process has got. Never rejects. */
  async follow(): Promise<void> {
    const { certificate, log } = this.#parts;
    try {
      await certificate.follow();
    } catch (error) {
      log.warn('The certificate cannot be read from the database; the one in use stays.', { err: error });
    }
  }

  #dueAt(): number {
    const { facts } = this.#parts.certificate;
    if (facts === undefined || facts.isStandIn || !this.#isForNames(facts)) return 0;
    return facts.from + (facts.until - facts.from) * this.#share;
  }

  #isForNames({ names }: CertificateFacts): boolean {
    return this.#parts.names.every(name => names.includes(name));
  }

  /** Answers for how many milliseconds to wait then. */
  async #renew(signal: AbortSignal): Promise<number> {
    const { names, certificate, log } = this.#parts;
    try {
      const keys = newKeys();
      const parts = { ...this.#parts, client: this.#client };
      await certificate.keep(await obtainCertificate(parts, names, keys, signal), keys);
      this.#failures = 0;
      log.info('There is a new certificate for other servers.', { names: names.join(', ') });
      return 0;
    } catch (error) {
      return signal.aborted ? 0 : await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<number> {
    const { certificate, clock, log } = this.#parts;
    const own = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
    const asked = error instanceof AcmeError ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(own, asked);
    const problem = (error as Error).message;
    const until = this.status.until ?? 0;
    const rest =
      until > clock.now() ? 'the one in use is good for now' : 'other servers cannot trust this one until then';
    log.warn(
      `No certificate could be had: ${problem}. It is tried again in ${Math.ceil(wait / 60_000)} min; ${rest}.`,
      {
        err: error,
      },
    );
    await certificate.failed(problem).catch(failure => log.warn('That cannot be noted.', { err: failure }));
    return wait;
  }
}
