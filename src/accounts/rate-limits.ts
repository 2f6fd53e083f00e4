import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { addressKey } from './address-key.ts';
import type { Requester } from './requester.ts';
import { SharedCounts, type SharingParts } from './shared-counts.ts';

/** The named limits; their rates are settings (`rate_limits`). Bursts are counted per user where known, else per address. */
export type LimitName =
  | 'message'
  | 'registration'
  | 'registration_network'
  | 'registration_total'
  | 'login'
  | 'join'
  | 'invite'
  | 'create_room'
  | 'media_upload'
  | 'media_download'
  | 'profile'
  | 'keys'
  | 'search'
  | 'report'
  | 'mail'
  | 'other';

export interface Rate {
  readonly per_second: number;
  readonly burst: number;
}

interface LimitsOptions {
  /** Of the cache. */
  readonly name: string;
  readonly weight: number;
  readonly sharing?: SharingParts;
}

export type LimitRates = Readonly<Record<LimitName, Rate>>;

/**
 * Those that each process counts for itself: they keep a client from wearing a process out, and are counted too often to be
 * told of. All others the processes of a cluster count together (decision 0145).
 */
const OWN: ReadonlySet<LimitName> = new Set(['media_download', 'other']);

/**
 * Token buckets. Of each only the moment is kept at which it will be full again (the generic cell rate algorithm),
 * so a bucket that is forgotten while full loses nothing. When there are too many, those are forgotten that were quiet
 * for longest: with a budget of 80 MiB beyond the last 15 000 or so.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #rates: LimitRates | 'off';
  readonly #fullAt: ByteCache<number>;
  /** Undefined where there is a single process. */
  readonly #shared: SharedCounts | undefined;

  constructor(
    clock: Clock,
    rates: LimitRates | 'off',
    budget: Budget,
    { name, weight, sharing }: LimitsOptions = { name: 'rate_limits', weight: 60 },
  ) {
    this.#fullAt = new ByteCache({ name, weight, budget, sizeOf: () => 8 });
    this.#shared = sharing && new SharedCounts(sharing, `accounts.${name}`, bucket => this.#hear(bucket));
    this.#clock = clock;
    this.#rates = rates;
  }

  /**
   * Counts one request of a user, or of an address where no user is known. Administrators, users whom one has exempted
   * and appservices that are registered so are exempt. A user's own rate is for messages.
   *
   * @throws MatrixError M_LIMIT_EXCEEDED with `retry_after_ms`
   */
  count(limit: LimitName, who: Requester | undefined, ip: string): void {
    if (who?.isAdmin || who?.appservice?.rateLimited === false || who?.rate?.perSecond === 0) return;
    const key = who === undefined ? addressKey(ip) : `user ${who.userNid}`;
    const own = limit === 'message' ? who?.rate : undefined;
    if (own === undefined) this.countKey(limit, key);
    // A bucket of its own: what was taken at another rate counts in other units.
    else this.#count(limit, `own ${key}`, { per_second: own.perSecond, burst: Math.max(own.burst, 1) });
  }

  /** Counts against a bucket of any name. @throws MatrixError M_LIMIT_EXCEEDED */
  countKey(limit: LimitName, key: string): void {
    this.#count(limit, key, this.#rateOf(limit));
  }

  #count(limit: LimitName, key: string, rate: Rate | undefined): void {
    const wait = this.#take(limit, key, rate, true);
    if (wait > 0) throw tooMany(wait);
  }

  #rateOf(limit: LimitName): Rate | undefined {
    return this.#rates === 'off' ? undefined : this.#rates[limit];
  }

  /** Throws when the bucket is empty, without taking anything. @throws MatrixError M_LIMIT_EXCEEDED */
  peekKey(limit: LimitName, key: string): void {
    const wait = this.#take(limit, key, this.#rateOf(limit), false);
    if (wait > 0) throw tooMany(wait);
  }

  /** Milliseconds to wait; 0 when the request may pass. */
  #take(limit: LimitName, key: string, rate: Rate | undefined, take: boolean): number {
    if (rate === undefined) return 0;
    const { per_second, burst } = rate;
    const interval = 1000 / per_second;
    const now = this.#clock.monotonic();
    const name = `${limit} ${key}`;
    const fullAt = Math.max(this.#fullAt.get(name) ?? now, now);
    const wait = fullAt - now - (burst - 1) * interval;
    if (wait > 0) return Math.ceil(wait);
    if (take) this.#fullAt.set(name, fullAt + interval);
    // With its rate, which may be the user's own.
    if (take && !OWN.has(limit)) this.#shared?.tell(`${per_second} ${burst} ${name}`);
    return 0;
  }

  /** Another process has let a request pass. */
  #hear(word: string): void {
    const [, perSecond, burst, name] = /^(\S+) (\S+) (.+)$/s.exec(word) ?? [];
    if (name === undefined) return;
    const interval = 1000 / Number(perSecond);
    const now = this.#clock.monotonic();
    const fullAt = Math.max(this.#fullAt.get(name) ?? now, now) + interval;
    // Several processes may let pass more than the bucket holds: nobody waits for that.
    this.#fullAt.set(name, Math.min(fullAt, now + Number(burst) * interval));
  }

  get stats() {
    return this.#fullAt.stats;
  }
}

function tooMany(waitMs: number): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests. Wait a little.', {
    fields: { retry_after_ms: waitMs },
  });
}
