import { aborted, type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Database } from '../../db/database.ts';
import type { Courier } from './courier.ts';
import { claimDue, failingServers, hastenRetry, nextRetry, serversToServe } from './destination.table.ts';
import { Lanes, type Visited } from './lanes.ts';
import { tellHeard } from './signs-of-life.ts';
import { slotOf } from './slots.ts';
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
 * to survive is in the database. The servers are divided into slots, of which each is one process's at a time.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #lanes: Lanes;
  /** Those that this process serves. */
  readonly #slots = new Map<number, AbortSignal>();
  /** Servers that fail: a number each. */
  readonly #resting = new Set<number>();
  /** When they were heard last. Like the other moments here by the monotonic clock: that of the day may be set back. */
  readonly #heard = new Map<number, number>();
  #scanAt = Number.NEGATIVE_INFINITY;
  #wakeAt = 0;
  #wake: (() => void) | undefined;
  #looking: Promise<number> = Promise.resolve(0);

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#lanes = new Lanes(parts.clock, (nid, isKnown) => this.#visit(nid, isKnown));
  }

  /**
   * Has the servers of a slot served until `signal` aborts; what is under way is aborted with it and sent again by whoever
   * has the slot next, which may be this process again. Resolves when none of them is being served.
   */
  async serve(slot: number, signal: AbortSignal): Promise<void> {
    this.#slots.set(slot, signal);
    this.#lookAgain();
    await aborted(signal);
    this.#slots.delete(slot);
    await this.#lanes.settled(nid => slotOf(nid) === slot);
    for (const nid of this.#resting) if (slotOf(nid) === slot) this.#resting.delete(nid);
  }

  /** Looks for work in the slots that are served, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    using _ = onWork(this.#parts.bus, ({ domainNids, delayMs }) => this.#hear(domainNids, delayMs));
    using __ = this.#parts.bus.missed(() => this.#lookAgain());
    while (!signal.aborted) {
      this.#looking = this.#look();
      this.#wakeAt = this.#parts.clock.monotonic() + (await this.#looking);
      await this.#pause(signal);
    }
    await this.#lanes.close();
  }

  /** Has servers served, but for those that fail and those of other processes. */
  wake(domainNids: Iterable<number>): void {
    for (const nid of domainNids) if (this.serves(nid) && !this.#resting.has(nid)) this.#lanes.add(nid);
  }

  /** Whether it is this process that sends to a server. */
  serves(domainNid: number): boolean {
    return this.#slots.get(slotOf(domainNid))?.aborted === false;
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
    const heardAt = clock.monotonic();
    if (heardAt - (this.#heard.get(domainNid) ?? Number.NEGATIVE_INFINITY) < LIFE_EVERY_MS) return;
    this.#heard.set(domainNid, heardAt);
    const now = clock.now();
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
    if (this.serves(domainNid)) this.#lanes.add(domainNid);
    else tellHeard(bus, domainNid);
  }

  #hear(domainNids: readonly number[], delayMs: number): void {
    if (delayMs === 0) this.wake(domainNids);
    else this.#parts.clock.after(delayMs, () => this.wake(domainNids));
  }

  /** Somebody may have left something for a server that was not told of. */
  #lookAgain(): void {
    this.#scanAt = Number.NEGATIVE_INFINITY;
    this.#wake?.();
  }

  /** Looks for whom something is to be done; answers after how many milliseconds to look again. Never rejects. */
  async #look(): Promise<number> {
    const { db, clock, log } = this.#parts;
    const slots = [...this.#slots.keys()];
    const [now, lookedAt] = [clock.now(), clock.monotonic()];
    try {
      if (lookedAt >= this.#scanAt) await this.#scan(slots, lookedAt);
      if (slots.length === 0) return LOOK_ANYWAY_MS;
      const isBusy = this.#lanes.load.waiting >= MOST_CLAIMED;
      const claim = { slots, now, until: now + CLAIM_MS, limit: MOST_CLAIMED };
      const due = isBusy ? [] : await db.tx(tx => claimDue(tx, claim));
      for (const nid of due) this.#lanes.add(nid);
      if (isBusy || due.length === MOST_CLAIMED) return AFTER_FAILURE_MS;
      const next = (await nextRetry(db, slots)) ?? Number.MAX_SAFE_INTEGER;
      return Math.max(Math.min(next - now, this.#scanAt - lookedAt), 0);
    } catch (error) {
      log.warn('What waits for other servers cannot be read; trying again.', { err: error });
      this.#scanAt = lookedAt + AFTER_FAILURE_MS;
      return AFTER_FAILURE_MS;
    }
  }

  async #scan(slots: readonly number[], lookedAt: number): Promise<void> {
    const { db } = this.#parts;
    // Before it reads: a slot that comes meanwhile is looked through by the next one.
    this.#scanAt = lookedAt + LOOK_ANYWAY_MS;
    if (slots.length === 0) return;
    for (const nid of await failingServers(db, slots)) this.#resting.add(nid);
    this.wake(await serversToServe(db, slots));
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const ms = Math.min(this.#wakeAt, this.#scanAt) - clock.monotonic();
    if (ms <= 0) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(clock, ms, AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
  }

  /** Never rejects. */
  async #visit(domainNid: number, isKnown: boolean): Promise<Visited> {
    const { courier, clock, log } = this.#parts;
    const signal = this.#slots.get(slotOf(domainNid));
    if (signal === undefined || signal.aborted) return { isMore: false, isKnown: false };
    try {
      const visit = await courier.visit(domainNid, isKnown, signal);
      if (visit.end === 'failing') return this.#rests(domainNid, visit.retryAt);
      this.#resting.delete(domainNid);
      this.#heard.delete(domainNid);
      if (visit.end === 'behind') clock.after(BEHIND_MS, () => this.wake([domainNid]));
      return { isMore: visit.end === 'more', isKnown: visit.hasDelivered };
    } catch (error) {
      if (signal.aborted) return { isMore: false, isKnown: false };
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

  /** `at`: by the time of day, as in the database. */
  #hurry(at: number): void {
    const { clock } = this.#parts;
    if (at - clock.now() < this.#wakeAt - clock.monotonic()) this.#wake?.();
  }
}
