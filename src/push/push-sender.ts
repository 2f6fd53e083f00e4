import { longestWait, type RetrySettings, waitAfter } from '../base/backoff.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { type DeliveryResult, deliver } from './delivery.ts';
import { PUSH_QUEUE_SUBJECT } from './notifications.ts';
import type { PushEvents, PushTransport } from './ports.ts';
import { deletePushes, oldestPushes, type QueueEntry, trimPushes } from './push-queue.table.ts';
import { deletePushers, duePushers, nextDue, type Pusher, recordFailure, recordSuccess } from './pushers.table.ts';

export interface PushSenderParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: PushEvents;
  readonly transport: PushTransport;
}

/** Requests that run at once, in all and to one gateway: a slow gateway must not hold up the others. */
const MOST_AT_ONCE = 32;
const MOST_PER_HOST = 4;
/** How long a gateway may take to answer. */
const ANSWER_MS = 15_000;
/** The queue is looked at this often even when no hint comes. */
const POLL_MS = 30_000;
/** Hints that come faster than this are one: a look at the queue passes over all pushers. */
const GATHER_MS = 50;
/** For gateways that fail. */
export const PACE: RetrySettings = { initial: 2000, factor: 2, longest: 60 * 60_000 };
/** What a failing gateway has not taken after this time is not news any more. */
const GIVE_UP_MS = 24 * 60 * 60_000;
/** What is kept for a failing gateway. */
const MOST_WAITING = 500;
/** After this many entries a pusher makes way for others. */
const ENTRIES_AT_ONCE = 50;

/**
 * Tells gateways what waits for them: side by side for different pushers, in order for one. Everything it needs to
 * know is in the database; one process of a cluster runs it at a time.
 */
export class PushSender {
  readonly #parts: PushSenderParts;
  readonly #running = new Map<number, { readonly host: string; readonly done: Promise<void> }>();
  #wake: (() => void) | undefined;
  #woken = false;

  constructor(parts: PushSenderParts) {
    this.#parts = parts;
  }

  /** Runs until `signal` aborts; what is under way is aborted with it and tried again by whoever runs next. */
  async run(signal: AbortSignal): Promise<void> {
    using _subscription = this.#parts.bus.subscribe(PUSH_QUEUE_SUBJECT, () => this.wake());
    using _missed = this.#parts.bus.missed(() => this.wake());
    while (!signal.aborted) {
      this.#woken = false;
      const pause = await this.#round(signal);
      if (this.#woken) await sleep(this.#parts.clock, GATHER_MS, signal);
      else await this.#pause(pause, signal);
    }
    await this.drain();
  }

  /** Has the queue looked at now. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves when no request is under way. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Starts what is due; answers after how many milliseconds to look again. Never rejects. */
  async #round(signal: AbortSignal): Promise<number> {
    try {
      await this.startDue(signal);
      const { db, clock } = this.#parts;
      const next = await nextDue(db, clock.now());
      return next === undefined ? POLL_MS : Math.min(Math.max(next - clock.now(), 100), POLL_MS);
    } catch (error) {
      this.#parts.log.warn('The push queue cannot be read; trying again.', { err: error });
      return PACE.initial;
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(this.#parts.clock, ms, AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
  }

  /** Starts a task for each pusher that is due, as far as there is room. */
  async startDue(signal: AbortSignal): Promise<void> {
    // Pushers of a full host can fill a whole batch: then the next one is read without that host.
    while (await this.#startBatch(signal));
  }

  /** Whether there may be more to start. */
  async #startBatch(signal: AbortSignal): Promise<boolean> {
    const { db, clock } = this.#parts;
    const free = MOST_AT_ONCE - this.#running.size;
    if (free <= 0) return false;
    const busy = { hosts: this.#fullHosts(), pushers: [...this.#running.keys()] };
    const due = await duePushers(db, { now: clock.now(), longestMs: longestWait(PACE) }, busy, free);
    const startable = due.filter(pusher => {
      if (this.#loadOf(pusher.host) >= MOST_PER_HOST) return false;
      this.#start(pusher, signal);
      return true;
    });
    return startable.length > 0 && startable.length < due.length;
  }

  #loadOf(host: string): number {
    return [...this.#running.values()].filter(task => task.host === host).length;
  }

  #fullHosts(): string[] {
    const hosts = new Set([...this.#running.values()].map(task => task.host));
    return [...hosts].filter(host => this.#loadOf(host) >= MOST_PER_HOST);
  }

  #start(pusher: Pusher, signal: AbortSignal): void {
    const done = this.#serve(pusher, signal)
      .catch(error => this.#parts.log.warn('A pusher could not be served.', { pusher: pusher.nid, err: error }))
      .then(() => {
        this.#running.delete(pusher.nid);
        this.wake();
      });
    this.#running.set(pusher.nid, { host: pusher.host, done });
  }

  async #serve(pusher: Pusher, signal: AbortSignal): Promise<void> {
    let failing = pusher.tries > 0;
    for (const entry of await oldestPushes(this.#parts.db, pusher.nid, ENTRIES_AT_ONCE)) {
      const result = await this.#deliver(pusher, entry, signal);
      if (signal.aborted && result.result === 'later') return;
      if (!(await this.#settle(pusher, entry, result, failing))) return;
      failing = false;
    }
  }

  async #deliver(pusher: Pusher, entry: QueueEntry, signal: AbortSignal): Promise<DeliveryResult> {
    const tooLate = new AbortController();
    const timer = this.#parts.clock.after(ANSWER_MS, () => tooLate.abort());
    try {
      return await deliver(this.#parts, pusher, entry, AbortSignal.any([signal, tooLate.signal]));
    } finally {
      timer.cancel();
    }
  }

  /** Writes down what became of an entry. Whether to go on with the next one. */
  async #settle(pusher: Pusher, entry: QueueEntry, result: DeliveryResult, failing: boolean): Promise<boolean> {
    const { db, log } = this.#parts;
    if (result.result === 'later') {
      await this.#fail(pusher, result.reason, result.retryAfterMs);
      return false;
    }
    if (result.result === 'gone') {
      log.info('A gateway rejected a pushkey; its pusher is deleted.', { pusher: pusher.nid, host: pusher.host });
      await db.tx(tx => deletePushers(tx, [pusher.nid]));
      return false;
    }
    if (result.result === 'refused') {
      log.warn('A notification is left out.', { pusher: pusher.nid, host: pusher.host, reason: result.reason });
    }
    await db.tx(async tx => {
      await deletePushes(tx, [entry.nid]);
      if (failing) await recordSuccess(tx, pusher.nid);
    });
    return true;
  }

  async #fail(pusher: Pusher, reason: string, retryAfterMs: number | undefined): Promise<void> {
    const { db, clock, random, log } = this.#parts;
    const tries = pusher.tries + 1;
    const wait = waitAfter(PACE, tries, retryAfterMs, random);
    const now = clock.now();
    const dropped = await db.tx(async tx => {
      await recordFailure(tx, pusher.nid, tries, now + wait);
      return trimPushes(tx, pusher.nid, now - GIVE_UP_MS, MOST_WAITING);
    });
    log.info('A gateway fails; it is tried again later.', {
      pusher: pusher.nid,
      host: pusher.host,
      reason,
      wait,
      dropped,
    });
  }
}
