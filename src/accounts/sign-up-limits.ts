import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import { addressKey, networkKey } from './address-key.ts';
import { type LimitName, type LimitRates, RateLimits } from './rate-limits.ts';
import type { RegistrationMode } from './settings.ts';
import type { SharingParts } from './shared-counts.ts';

type Bucket = readonly [LimitName, string];

/**
 * How many accounts may be made: from one address, from one network, and in all. They have a limiter of their own, so
 * that a flood of other requests does not make it forget who has made accounts. Where everybody needs a token, people may
 * well sit in one room behind one address: only the sum counts.
 */
export class SignUpLimits {
  readonly #limits: RateLimits;
  readonly #byToken: boolean;

  constructor(clock: Clock, rates: LimitRates | 'off', mode: RegistrationMode, budget: Budget, sharing?: SharingParts) {
    const options = { name: 'sign_up_limits', weight: 10, ...(sharing && { sharing }) };
    this.#limits = new RateLimits(clock, rates, budget, options);
    this.#byToken = mode === 'token';
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED when no account may be made from the address now */
  require(ip: string): void {
    for (const [limit, key] of this.#bucketsOf(ip)) this.#limits.peekKey(limit, key);
  }

  /** Counts an account; one that is refused is not counted. @throws MatrixError M_LIMIT_EXCEEDED */
  count(ip: string): void {
    this.require(ip);
    for (const [limit, key] of this.#bucketsOf(ip)) this.#limits.countKey(limit, key);
  }

  get stats() {
    return this.#limits.stats;
  }

  #bucketsOf(ip: string): Bucket[] {
    const all: Bucket = ['registration_total', 'everybody'];
    if (this.#byToken) return [all];
    return [['registration', addressKey(ip)], ['registration_network', networkKey(ip)], all];
  }
}
