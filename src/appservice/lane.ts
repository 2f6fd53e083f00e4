import { longestWait, type RetrySettings, waitAfter } from '../base/backoff.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { TO_DEVICE_SUBJECT } from '../keys/to-device.ts';
import type { Room } from '../rooms/room.ts';
import { LOG_SUBJECT } from '../rooms/room-log.table.ts';
import {
  appserviceRow,
  oldestTransaction,
  retryNow,
  type TransactionRow,
  transactionFailed,
  transactionTaken,
} from './appservice.table.ts';
import type { AppserviceClient } from './appservice-client.ts';
import type { Asked } from './asked.ts';
import { Interest } from './interest.ts';
import { Outbox, type OutboxParts } from './outbox.ts';
import { Passing } from './passing.ts';
import { ownsUser, type Registration } from './registration.ts';

export interface LaneParts extends OutboxParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

/** The bus may lose a message. */
const LOOK_ANYWAY_MS = 60_000;
const AFTER_FAILURE_MS = 5000;
/** The bus subject on which application services are told of, by ID, that were heard by a process that does not run their lane. */
const HEARD_SUBJECT = 'appservice.heard';
const TELL_EVERY_MS = 5000;
/** How far it has read is stored this often where nothing was for it; whoever deletes a room waits for that. */
const NOTE_AFTER_MS = 2000;
const PACE: RetrySettings = { initial: 1000, factor: 2, longest: 10 * 60_000 };

/**
 * Tells one application service what happens: transactions one after the other, the same again until it is taken
 * (application service API, "Pushing events"). Nothing is ever dropped; what it is away for waits in the logs.
 */
export class Lane {
  readonly #parts: LaneParts;
  readonly #registration: Registration;
  readonly #client: AppserviceClient;
  readonly #outbox: Outbox;
  readonly #interest: Interest;
  readonly #passing = new Passing();
  #isFailing = true;
  /** Of several processes one runs a lane at a time. */
  #isRunning = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #noted = 0;
  #woken = new AbortController();

  constructor(parts: LaneParts, asked: Asked) {
    const { registration, client } = asked;
    this.#parts = parts;
    this.#registration = registration;
    this.#client = client;
    this.#interest = new Interest({ ...parts, budget: parts.rooms.budget }, registration);
    this.#outbox = new Outbox(parts, asked, this.#interest, this.#passing);
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    // It is kept right by what the lane reads, and another process may have run it meanwhile.
    this.#interest.forget();
    try {
      await this.#serve(signal);
    } finally {
      this.#isRunning = false;
    }
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.#parts;
    using _ = bus.subscribe(LOG_SUBJECT, () => this.wake());
    using __ = bus.subscribe(TO_DEVICE_SUBJECT, () => this.wake());
    using ___ = bus.missed(() => this.wake());
    using ____ = bus.subscribe(HEARD_SUBJECT, id => {
      if (id === this.#registration.id) this.#hurry();
    });
    while (!signal.aborted) {
      this.#woken = new AbortController();
      try {
        const pause = await this.round(signal);
        await this.#note();
        const longest = this.#outbox.isAhead ? NOTE_AFTER_MS : LOOK_ANYWAY_MS;
        if (pause > 0) await sleep(clock, Math.min(pause, longest), AbortSignal.any([this.#woken.signal, signal]));
      } catch (error) {
        const { id } = this.#registration;
        log.warn('An application service could not be served; it goes on in a moment.', { id, err: error });
        await sleep(clock, AFTER_FAILURE_MS, signal);
      }
    }
    await this.#outbox.settled();
    // Else what was passed by is read again at the next start.
    await this.#outbox.note().catch(() => undefined);
  }

  async #note(): Promise<void> {
    const now = this.#parts.clock.now();
    if (!this.#outbox.isAhead || now - this.#noted < NOTE_AFTER_MS) return;
    this.#noted = now;
    await this.#outbox.note();
  }

  /** Has it looked now whether there is something to tell. */
  wake(): void {
    this.#woken.abort();
  }

  /** A request of the application service came: it is there, and what is due is tried now. */
  heard(): void {
    if (this.#isRunning) this.#hurry();
    else this.#tellWhoRunsIt();
  }

  #tellWhoRunsIt(): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#parts.bus.publish(HEARD_SUBJECT, this.#registration.id);
  }

  #hurry(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const { db, log } = this.#parts;
    const { id } = this.#registration;
    db.tx(tx => retryNow(tx, id)).then(
      () => this.wake(),
      (error: unknown) => log.debug('A sign of life was missed.', { id, err: error }),
    );
  }

  /** Somebody has begun to type in a room, or stopped: `users` do now. */
  async types(room: Room, users: readonly UserId[]): Promise<void> {
    if (!this.#hearsWhatPasses || !(await this.#interest.inRoom(room, []))) return;
    this.#passing.types(room.roomId, users);
    this.wake();
  }

  /** A user has come or gone, who is joined to some rooms. */
  async isThere(userId: UserId, rooms: Iterable<Room>, content: () => Promise<JsonObject>): Promise<void> {
    if (!this.#hearsWhatPasses) return;
    for (const room of rooms) {
      if (!(await this.#interest.inRoom(room, []))) continue;
      this.#passing.isThere(userId, await content());
      this.wake();
      return;
    }
  }

  /** A private receipt has moved: it is for whose user that is, and for nobody else. */
  readsInPrivate(room: Room, userId: UserId, thread: string, content: JsonObject): void {
    if (!this.#hearsWhatPasses || !ownsUser(this.#registration, userId)) return;
    this.#passing.readsInPrivate(room.roomId, userId, thread, content);
    this.wake();
  }

  get #hearsWhatPasses(): boolean {
    return this.#isRunning && this.#registration.receivesEphemeral;
  }

  /** Tells what there is, and answers how many milliseconds there is nothing to do then. */
  async round(signal: AbortSignal): Promise<number> {
    const { db, clock } = this.#parts;
    const { id } = this.#registration;
    const isAllIn = await this.#outbox.fill(signal);
    for (;;) {
      const row = await appserviceRow(db, id);
      const wait = (row?.retry_at ?? 0) - clock.now();
      // What is put off for longer than anything is was put off while the clock was ahead.
      if (wait > 0 && wait <= longestWait(PACE)) return Math.min(wait, LOOK_ANYWAY_MS);
      const transaction = await oldestTransaction(db, id);
      if (transaction === undefined) return isAllIn ? LOOK_ANYWAY_MS : 0;
      if (signal.aborted) return 0;
      await this.#deliver(transaction, row?.tries ?? 0, signal);
    }
  }

  async #deliver({ txn, body }: TransactionRow, tries: number, signal: AbortSignal): Promise<void> {
    const { db, log } = this.#parts;
    const { id } = this.#registration;
    const reason = await this.#send(txn, body, signal);
    // What a stop interrupts was not the application service's fault.
    if (signal.aborted && reason !== undefined) return;
    if (reason === undefined) {
      if (tries > 0) log.info('An application service answers again.', { id, after: tries });
      await db.tx(tx => transactionTaken(tx, id, txn));
      this.#isFailing = false;
    } else await this.#failed(tries + 1, reason);
  }

  async #failed(tries: number, reason: string): Promise<void> {
    const { db, clock, random, log } = this.#parts;
    const { id } = this.#registration;
    const wait = waitAfter(PACE, tries, undefined, random);
    this.#isFailing = true;
    if (tries === 1)
      log.warn('An application service does not take what happens; it is kept and tried again.', { id, reason });
    await db.tx(tx => transactionFailed(tx, id, { tries, retryAt: clock.now() + wait, reason }));
  }

  /** Why it did not take the transaction; undefined when it did. */
  async #send(txn: number, body: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const { status } = await this.#client.call('PUT', `transactions/${txn}`, body, signal);
      return status === 200 ? undefined : `it answered ${status}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
