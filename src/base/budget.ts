import { Account } from './budget-account.ts';

/** What the budget sees of a cache. */
export interface BudgetedCache {
  readonly name: string;
  /** Its share when all want more than there is, against the weights of the others: by what a hit saves. */
  readonly weight: number;
  readonly bytes: number;
  /** Gives up the entry that was used longest ago; false when there is none. */
  dropOldest(): boolean;
}

export interface AccountUsage {
  readonly name: string;
  readonly bytes: number;
  /** What it may hold; of a cache: what it can count on. */
  readonly limit: number;
}

/** The part of a budget that caches may take, when nobody else wants it. */
const CACHE_PART = 1 / 2;
/** What is left to caches when everybody else wants all. */
const CACHE_FLOOR = 1 / 8;

/**
 * What a process may hold in caches, queues and buffers, in bytes of live memory. Each of them is charged to it by name:
 * - Caches fill what nobody else needs, up to half. When it gets tight the cache that is furthest over its share gives
 *   up its oldest entry, so a cache below its share loses nothing to the others.
 * - Accounts (`account`) are for what cannot be dropped: bodies, answers, queues. They push caches back, down to an
 *   eighth, and say no when they are full.
 */
export class Budget {
  readonly bytes: number;
  readonly #caches: BudgetedCache[] = [];
  readonly #accounts: Account[] = [];
  #cached = 0;
  #held = 0;
  #cacheScale = 1;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** The account of this name; a new one may hold up to `part` of the budget (between 0 and 7/8). */
  account(name: string, part: number): Account {
    const known = this.#accounts.find(account => account.name === name);
    if (known !== undefined) return known;
    const account = new Account(name, Math.floor(this.bytes * part), {
      room: () => this.bytes * (1 - CACHE_FLOOR) - this.#held,
      moved: bytes => this.#heldMoved(bytes),
    });
    this.#accounts.push(account);
    return account;
  }

  /** Charges a cache from now on; to be told of each change of its size. */
  addCache(cache: BudgetedCache): (bytes: number) => void {
    this.#caches.push(cache);
    return bytes => {
      this.#cached += bytes;
      if (bytes > 0) this.#fit();
    };
  }

  /** The part of their room that caches may use, between 0 and 1: less while memory is short. */
  scaleCaches(scale: number): void {
    this.#cacheScale = scale;
    this.#fit();
  }

  /** What no account holds. */
  get free(): number {
    return Math.max(this.bytes - this.#held, 0);
  }

  /** What caches hold and may hold now. */
  get caches(): AccountUsage {
    return { name: 'caches', bytes: this.#cached, limit: this.#cacheRoom };
  }

  /** How often each account had to say no. */
  refusals(): (readonly [name: string, times: number])[] {
    return this.#accounts.map(({ name, refused }) => [name, refused] as const);
  }

  /** Everything that is charged, caches first. */
  usage(): AccountUsage[] {
    const room = this.bytes * CACHE_PART * this.#cacheScale;
    const weights = this.#caches.reduce((sum, cache) => sum + cache.weight, 0);
    return [
      ...this.#caches.map(({ name, bytes, weight }) => ({ name, bytes, limit: Math.floor((room * weight) / weights) })),
      ...this.#accounts.map(({ name, bytes, limit }) => ({ name, bytes, limit })),
    ];
  }

  get #cacheRoom(): number {
    return Math.min(this.bytes - this.#held, this.bytes * CACHE_PART * this.#cacheScale);
  }

  #heldMoved(bytes: number): void {
    this.#held += bytes;
    if (bytes > 0) this.#fit();
    else for (const account of this.#accounts) account.admitWaiting();
  }

  #fit(): void {
    while (this.#cached > this.#cacheRoom) {
      if (!this.#furthestOver()?.dropOldest()) return;
    }
  }

  #furthestOver(): BudgetedCache | undefined {
    let found: BudgetedCache | undefined;
    let most = 0;
    for (const cache of this.#caches) {
      const over = cache.bytes / cache.weight;
      if (over <= most) continue;
      most = over;
      found = cache;
    }
    return found;
  }
}
