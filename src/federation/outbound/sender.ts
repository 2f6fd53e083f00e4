import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Database } from '../../db/database.ts';
import type { Courier } from './courier.ts';
import { claimDue, failingServers, hastenRetry, nextRetry, serversToServe } from './destination.table.ts';
import { Lanes, type Visited } from './lanes.ts';
import { tellHeard } from './signs-of-life.ts';
import { onWork } from './work-subject.ts';

export interface SenderParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly courier: Pick<Courier, 'visit'>;
}

/** The bus may lose a message. */
const LOOK_ANYWAY_MS = 60_000;
const AFTER_FAILURE_MS = 5000;
/** Failing servers that are taken up together, and how long they are left alone should this process die over it. */
const MOST_CLAIMED = 100;
const CLAIM_MS = 5 * 60_000;
/** What could not be read yet can be after so long. */
const BEHIND_MS = 500;
/** Signs of life of a server that nevertheless does not answer are heard this often. */
const LIFE_EVERY_MS = 30_000;

/**
 * Sends what waits for other servers: side by side for different ones, one transaction at a time for each. Servers that
 * fail rest until their time comes or they show a sign of life; there is one timer for all of them. Everything that has
 * to survive is in the database; one process of a cluster runs this at a time.
 */
export class Sender {
  readonly #parts: SenderParts;
  #lanes: Lanes;
  /** Servers that fail: a number each. */
  readonly #resting = new Set<number>();
  /** When they were heard last. */
  readonly #heard = new Map<number, number>();
  #scanAt = 0;
  #wakeAt = 0;
  #wake: (() => void) | undefined;
  #looking: Promise<number> = Promise.resolve(0);
  #signal = AbortSignal.abort();

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#lanes = this.#newLanes();
  }

  #newLanes(): Lanes {
    return new Lanes(this.#parts.clock, (nid, isKnown) => this.#visit(nid, isKnown));
  }

  /**
   * Runs until `signal` aborts; what is under way is aborted with it and sent again by whoever runs next, which may be
   * this process again.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#lanes = this.#newLanes();
    this.#scanAt = 0;
    using _ = onWork(this.#parts.bus, ({ domainNids, delayMs }) => this.#hear(domainNids, delayMs));
    using __ = this.#parts.bus.missed(() => this.#lookAgain());
    while (!signal.aborted) {
      this.#looking = this.#look();
      this.#wakeAt = this.#parts.clock.now() + (await this.#looking);
      await this.#pause(signal);
    }
    await this.#lanes.close();
    this.#resting.clear();
  }

  /** Has servers served, but for those that fail. */
  wake(domainNids: Iterable<number>): void {
    if (!this.isRunning) return;
    for (const nid of domainNids) if (!this.#resting.has(nid)) this.#lanes.add(nid);
  }

  /** Whether it is this process that sends. */
  get isRunning(): boolean {
    return !this.#signal.aborted;
  }

  isFailing(domainNid: number): boolean {
    return this.#resting.has(domainNid);
  }

  get load(): { readonly active: number; readonly waiting: number; readonly failing: number } {
    return { ...this.#lanes.load, failing: this.#resting.size };
  }

  /** Resolves when nobody is served and nobody waits to be. */
  async drain(): Promise<void> {
    await this.#looking;
    await this.#lanes.drain();
  }

  /** A server was heard: if it fails it is tried now, and patience with it begins anew. */
  async heard(domainNid: number): Promise<void> {
    if (!this.#resting.has(domainNid) || this.#lanes.isActive(domainNid)) return;
    const { db, clock } = this.#parts;
    const now = clock.now();
    if (now - (this.#heard.get(domainNid) ?? 0) < LIFE_EVERY_MS) return;
    this.#heard.set(domainNid, now);
    const retryAt = await db.tx(tx => hastenRetry(tx, domainNid, now, LIFE_EVERY_MS));
    if (retryAt === undefined) return;
    if (retryAt <= now) this.#lanes.add(domainNid);
    else this.#hurry(retryAt);
  }

  /** A server that fails is tried at once, however short ago that was, and patience with it begins anew. */
  async tryNow(domainNid: number): Promise<void> {
    const { db, bus, clock } = this.#parts;
    const retryAt = await db.tx(tx => hastenRetry(tx, domainNid, clock.now(), 0));
    if (retryAt === undefined) return;
    if (this.isRunning) this.#lanes.add(domainNid);
    else tellHeard(bus, domainNid);
  }

  #hear(domainNids: readonly number[], delayMs: number): void {
    if (delayMs === 0) this.wake(domainNids);
    else this.#parts.clock.after(delayMs, () => this.wake(domainNids));
  }

  /** Somebody may have left something for a server that was not told of. */
  #lookAgain(): void {
    this.#scanAt = 0;
    this.#wake?.();
  }

  /** Looks for whom something is to be done; answers after how many milliseconds to look again. Never rejects. */
  async #look(): Promise<number> {
    const { db, clock, log } = this.#parts;
    try {
      const now = clock.now();
      if (now >= this.#scanAt) await this.#scan(now);
      const isBusy = this.#lanes.load.waiting >= MOST_CLAIMED;
      const due = isBusy ? [] : await db.tx(tx => claimDue(tx, now, now + CLAIM_MS, MOST_CLAIMED));
      for (const nid of due) this.#lanes.add(nid);
      if (isBusy || due.length === MOST_CLAIMED) return AFTER_FAILURE_MS;
      const next = (await nextRetry(db)) ?? Number.MAX_SAFE_INTEGER;
      return Math.max(Math.min(next, this.#scanAt) - now, 0);
    } catch (error) {
      log.warn('What waits for other servers cannot be read; trying again.', { err: error });
      return AFTER_FAILURE_MS;
    }
  }

  async #scan(now: number): Promise<void> {
    const { db } = this.#parts;
    for (const nid of await failingServers(db)) this.#resting.add(nid);
    this.wake(await serversToServe(db));
    this.#scanAt = now + LOOK_ANYWAY_MS;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(clock, this.#wakeAt - clock.now(), AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
  }

  /** Never rejects. */
  async #visit(domainNid: number, isKnown: boolean): Promise<Visited> {
    const { courier, clock, log } = this.#parts;
    try {
      const visit = await courier.visit(domainNid, isKnown, this.#signal);
      if (visit.end === 'failing') return this.#rests(domainNid, visit.retryAt);
      this.#resting.delete(domainNid);
      this.#heard.delete(domainNid);
      if (visit.end === 'behind') clock.after(BEHIND_MS, () => this.wake([domainNid]));
      return { isMore: visit.end === 'more', isKnown: visit.hasDelivered };
    } catch (error) {
      if (this.#signal.aborted) return { isMore: false, isKnown: false };
      log.warn('What waits for a server could not be sent; trying again.', { err: error, domain: domainNid });
      clock.after(AFTER_FAILURE_MS, () => this.#lanes.add(domainNid));
      return { isMore: false, isKnown };
    }
  }

  #rests(domainNid: number, retryAt: number): Visited {
    this.#resting.add(domainNid);
    this.#hurry(retryAt);
    return { isMore: false, isKnown: false };
  }

  #hurry(at: number): void {
    if (at < this.#wakeAt) this.#wake?.();
  }
}
