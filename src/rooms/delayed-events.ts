import { sleep, type Timer } from '../base/clock.ts';
import { KeyedQueue } from '../base/keyed-queue.ts';
import { randomToken } from '../base/random.ts';
import { type EventId, isUserId, type UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import {
  claimDelayed,
  countScheduled,
  type DelayedEnd,
  type DelayedRow,
  delayedById,
  deleteFinalisedBefore,
  dueUpTo,
  finalise,
  finalisedOf,
  finaliseFree,
  insertDelayed,
  nextDue,
  putOff,
  restartDelay,
  scheduledOf,
} from './delayed-events.table.ts';
import { checkMessageContent } from './message-content.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { sendEvent, sendRedaction, sendState } from './send.ts';
import { setMembership } from './set-membership.ts';
import { earlierAnswer, rememberAnswer, type TransactionKey } from './transactions.table.ts';

export type { DelayedRow };

export interface DelayedDraft {
  readonly userNid: number;
  readonly type: string;
  readonly stateKey?: string | undefined;
  readonly content: JsonObject;
  readonly redacts?: EventId | undefined;
  /** Milliseconds. */
  readonly delay: number;
}

const DAY_MS = 86_400_000;
export const LONGEST_DELAY_MS = 7 * DAY_MS;
export const MOST_PER_USER = 100;
/** An event cannot be larger than this anyway. */
const LARGEST_CONTENT = 65_536;
/** How long the outcome of a delayed event can be asked for. */
const KEPT_MS = 7 * DAY_MS;
const MOST_FINALISED = 100;
const AT_ONCE = 50;
const AGAIN_MS = 5_000;
/** The longest wait until it is looked again what is due: the bus may lose a message. */
const LONGEST_WAIT_MS = 60_000;
const SWEEP_EVERY_MS = 3_600_000;
/** A process that sends one for longer has died, and another one does. */
const CLAIM_MS = 60_000;
/** How often it is looked whether another process has sent one. */
const LOOK_MS = 100;
/** The bus subject on which is told when the next event is due, in milliseconds since the epoch. */
const DUE_SUBJECT = 'rooms.delayed';

/**
 * Events that are sent later unless the client says otherwise before (MSC4140). They are rows: a restart loses none, and
 * what fell due meanwhile is sent at once. Whoever knows the ID of one may restart, send or cancel it.
 *
 * Of several processes over one database the one sends an event that has claimed its row; what is asked of an event that
 * another process is just sending waits for the outcome. Timers only say when to look.
 */
export class DelayedEvents implements AsyncDisposable {
  readonly #rooms: RoomsParts;
  readonly #maySend: (userNid: number) => Promise<boolean>;
  /** What is sent by the clock and by request is sent once. */
  readonly #queue = new KeyedQueue();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #round: Promise<void> = Promise.resolve();
  #isRunning = false;
  #sweepAt = 0;
  readonly #subscriptions = new DisposableStack();

  /** `maySend`: whether the account is still allowed to; who was suspended or has gone meanwhile is not. */
  constructor(rooms: RoomsParts, maySend: (userNid: number) => Promise<boolean> = async () => true) {
    this.#rooms = rooms;
    this.#maySend = maySend;
  }

  /** Sends what fell due while nobody was there, and from then on what falls due. */
  start(): void {
    this.#isRunning = true;
    const { bus } = this.#rooms;
    this.#subscriptions.use(bus.subscribe(DUE_SUBJECT, due => this.#wakeAt(Number(due))));
    this.#subscriptions.use(bus.missed(() => this.#wakeAt(0)));
    this.#run();
  }

  /** Resolves when the rounds that have begun are over. */
  idle(): Promise<void> {
    return this.#round;
  }

  /**
   * Takes an event to be sent after a delay; the same transaction key gives the same delay ID. Whether the sender may
   * send it is decided when it is sent.
   *
   * @throws MatrixError M_UNKNOWN with `org.matrix.msc4140.errcode`, M_TOO_LARGE, M_BAD_JSON
   */
  async schedule(room: Room, draft: DelayedDraft, key: TransactionKey | undefined): Promise<string> {
    const { db, random, clock } = this.#rooms;
    const content = JSON.stringify(draft.content);
    return db.tx(async tx => {
      const earlier = key === undefined ? undefined : await earlierAnswer(tx, key);
      if (earlier !== undefined) return earlier;
      checkDraft(draft, content);
      if ((await countScheduled(tx, draft.userNid)) >= MOST_PER_USER) {
        throw refused('M_MAX_DELAYED_EVENTS_EXCEEDED', `You can have ${MOST_PER_USER} delayed events at most.`);
      }
      const delayId = randomToken(random, 18);
      const now = clock.now();
      await insertDelayed(tx, {
        delay_id: delayId,
        user_nid: draft.userNid,
        room_nid: room.nid,
        type: draft.type,
        state_key: draft.stateKey ?? null,
        content,
        redacts: draft.redacts ?? null,
        delay_ms: draft.delay,
        running_since: now,
      });
      if (key !== undefined) await rememberAnswer(tx, key, delayId, now);
      tx.afterCommit(() => this.#tellDue(now + draft.delay));
      return delayId;
    });
  }

  /** Those of a user that are to be sent. */
  scheduled(userNid: number): Promise<DelayedRow[]> {
    return scheduledOf(this.#rooms.db, userNid);
  }

  /** Those of a user that were sent or cancelled in the last days, the latest first. */
  finalised(userNid: number): Promise<DelayedRow[]> {
    return finalisedOf(this.#rooms.db, userNid, MOST_FINALISED);
  }

  /** @throws MatrixError M_NOT_FOUND */
  async find(userNid: number, delayId: string): Promise<DelayedRow> {
    const row = await delayedById(this.#rooms.db, delayId);
    if (row?.user_nid !== userNid) throw unknownDelay();
    return row;
  }

  /** Starts the delay anew. @throws MatrixError M_NOT_FOUND also when it was sent or cancelled, or is just being sent */
  async restart(delayId: string): Promise<void> {
    const { db, clock } = this.#rooms;
    await db.tx(async tx => {
      const row = await delayedById(tx, delayId);
      const now = clock.now();
      if (row === undefined || !(await restartDelay(tx, delayId, now, now + row.delay_ms))) throw unknownDelay();
      tx.afterCommit(() => this.#tellDue(now + row.delay_ms));
    });
  }

  /** Nothing happens to one that was cancelled before. @throws MatrixError M_NOT_FOUND also when it was sent */
  cancel(delayId: string): Promise<void> {
    return this.#queue.run(delayId, async () => {
      const { db, clock } = this.#rooms;
      const end: DelayedEnd = { outcome: 'cancel', reason: 'action' };
      while (!(await db.tx(tx => finaliseFree(tx, delayId, end, clock.now())))) {
        const row = await delayedById(db, delayId);
        if (row?.outcome === 'cancel') return;
        if (row?.due == null) throw unknownDelay();
        await sleep(clock, LOOK_MS);
      }
    });
  }

  /**
   * Sends it now. Nothing happens to one that was sent before.
   *
   * @throws MatrixError M_NOT_FOUND also when it was cancelled; what stands against sending it
   */
  async send(delayId: string): Promise<void> {
    const error = await this.#queue.run(delayId, async () => {
      const row = await this.#claimNow(delayId);
      if (row === undefined) return undefined;
      try {
        return await this.#deliver(row, 'action');
      } catch (error) {
        await this.#rooms.db.tx(tx => putOff(tx, delayId, Math.abs(row.due ?? 0)));
        throw error;
      }
    });
    if (error !== undefined) throw error;
  }

  /** Undefined when it has been sent, also by another process while one waited. @throws MatrixError M_NOT_FOUND */
  async #claimNow(delayId: string): Promise<DelayedRow | undefined> {
    const { db, clock } = this.#rooms;
    for (;;) {
      const row = await delayedById(db, delayId);
      if (row === undefined || row.outcome === 'cancel') throw unknownDelay();
      if (row.due === null) return undefined;
      const isClaimed = row.due < 0 && -row.due > clock.now();
      if (!isClaimed && (await db.tx(tx => claimDelayed(tx, row, clock.now() + CLAIM_MS)))) return row;
      await sleep(clock, LOOK_MS);
    }
  }

  /** Here and at whoever else looks what is due. */
  #tellDue(due: number): void {
    this.#wakeAt(due);
    this.#rooms.bus.publish(DUE_SUBJECT, String(due));
  }

  #wakeAt(due: number): void {
    if (!this.#isRunning || due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#rooms.clock.after(due - this.#rooms.clock.now(), () => this.#run());
  }

  #run(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#round = this.#round.then(() => this.#sendDue());
  }

  /** One round. It never rejects: what fails is tried again later, and holds nothing else up. */
  async #sendDue(): Promise<void> {
    const { db, clock, log } = this.#rooms;
    let next = clock.now() + LONGEST_WAIT_MS;
    try {
      await this.#sweep();
      for (;;) {
        const rows = this.#isRunning ? await dueUpTo(db, clock.now(), AT_ONCE) : [];
        for (const row of rows) await this.#deliverDue(row.delay_id);
        if (rows.length < AT_ONCE) break;
      }
      next = Math.min(next, (await nextDue(db)) ?? next);
    } catch (error) {
      log.warn('Delayed events could not be sent; it is tried again.', { err: error });
      next = clock.now() + AGAIN_MS;
    }
    this.#wakeAt(next);
  }

  async #sweep(): Promise<void> {
    const { db, clock } = this.#rooms;
    if (clock.now() < this.#sweepAt) return;
    await db.tx(tx => deleteFinalisedBefore(tx, clock.now() - KEPT_MS));
    this.#sweepAt = clock.now() + SWEEP_EVERY_MS;
  }

  async #deliverDue(delayId: string): Promise<void> {
    const { db, clock, log } = this.#rooms;
    await this.#queue.run(delayId, async () => {
      // Read again: while it waited it may have been restarted or cancelled.
      const row = await delayedById(db, delayId);
      if (row?.due == null || Math.abs(row.due) > clock.now()) return;
      if (!(await db.tx(tx => claimDelayed(tx, row, clock.now() + CLAIM_MS)))) return;
      try {
        const error = await this.#deliver(row, 'delay');
        if (error !== undefined) log.info('A delayed event was refused.', { delay_id: delayId, reason: error.message });
      } catch (error) {
        log.warn('A delayed event could not be sent; it is tried again.', { delay_id: delayId, err: error });
        await db.tx(tx => putOff(tx, delayId, clock.now() + AGAIN_MS));
      }
    });
  }

  /** Sends it and writes down how that ended. Returns the error that the rules of the room gave. */
  async #deliver(row: DelayedRow, reason: 'action' | 'delay'): Promise<MatrixError | undefined> {
    const { db, clock } = this.#rooms;
    try {
      const eventId = await this.#sendRow(row);
      await db.tx(tx => finalise(tx, row.delay_id, { outcome: 'send', reason, eventId }, clock.now()));
      return undefined;
    } catch (error) {
      if (!(error instanceof MatrixError) || error.status >= 500) throw error;
      const end: DelayedEnd = { outcome: 'cancel', reason: 'error', error: JSON.stringify(error) };
      await db.tx(tx => finalise(tx, row.delay_id, end, clock.now()));
      return error;
    }
  }

  /** The delay ID is the transaction ID: after a crash in between, the same event is found again. */
  async #sendRow(row: DelayedRow): Promise<EventId> {
    const rooms = this.#rooms;
    if (!(await this.#maySend(row.user_nid))) throw forbidden('The account of the sender is closed or suspended.');
    const sender: UserId = await rooms.nids.users.name(rooms.db, row.user_nid);
    const room = (await rooms.rooms.byNids(rooms.db, [row.room_nid])).get(row.room_nid);
    if (room === undefined) throw notFound('The room does not exist any more.');
    const draft = { type: row.type, sender, content: JSON.parse(row.content) as JsonObject };
    const key = { userNid: row.user_nid, deviceId: '', scope: 'delayed', txnId: row.delay_id };
    if (row.state_key === null) {
      return row.redacts === null
        ? sendEvent(rooms, room, draft, key)
        : sendRedaction(rooms, room, { ...draft, redacts: row.redacts }, key);
    }
    return row.type === 'm.room.member'
      ? setMembership(rooms, room, draft, row.state_key as UserId)
      : sendState(rooms, room, { ...draft, stateKey: row.state_key });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isRunning = false;
    this.#subscriptions.dispose();
    this.#timer?.cancel();
    await this.#round;
    await this.#queue.drain();
  }
}

function checkDraft(draft: DelayedDraft, content: string): void {
  const { type, stateKey, delay } = draft;
  if (stateKey === undefined) checkMessageContent(type, draft.content);
  if (type === 'm.room.create') throw invalidParam('A room has one create event, its first.');
  if (type === 'm.room.member' && stateKey !== undefined && !isUserId(stateKey)) {
    throw invalidParam('The state key of a membership is a user ID.');
  }
  if (delay > LONGEST_DELAY_MS) {
    throw refused('M_MAX_DELAY_EXCEEDED', 'The delay is longer than this server allows.', {
      'org.matrix.msc4140.max_delay': LONGEST_DELAY_MS,
    });
  }
  if (utf8Length(content) > LARGEST_CONTENT) throw new MatrixError('M_TOO_LARGE', 'The event is too large.');
}

function refused(errcode: string, message: string, more: JsonObject = {}): MatrixError {
  const fields = { 'org.matrix.msc4140.errcode': errcode, ...more };
  return new MatrixError('M_UNKNOWN', message, { status: 400, fields });
}

function unknownDelay(): MatrixError {
  return notFound('There is no delayed event of that ID, or it has been sent or cancelled.');
}
