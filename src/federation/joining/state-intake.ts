import { sleep } from '../../base/clock.ts';
import { type Event, EventError } from '../../core/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import type { Tx } from '../../db/database.ts';
import { storedIds } from '../../rooms/events.table.ts';
import { storeOutliers } from '../../rooms/outliers.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import type { CheckedEvents } from '../events/checked-events.ts';
import { sortedByAuth } from '../gaps/event-order.ts';
import { addAwaited, type NewAwaited } from './awaited-event.table.ts';
import type { IntakeCounts } from './join-progress.ts';

/** An event of a state, or of what authorises it, as another server told it. */
export interface ToldEvent {
  readonly pdu: Json;
  readonly isState: boolean;
  /** Of its text. */
  readonly bytes: number;
}

export interface IntakeParts {
  readonly rooms: RoomsParts;
  readonly checked: CheckedEvents;
}

/** What another server told cannot be a state. */
export class NoStateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoStateError';
  }
}

/** Events that are checked and stored together, at most, and bytes of their text. */
const BATCH = 100;
const BATCH_BYTES = 256 * 1024;
/** Batches whose keys are looked for at the same time: about 1.6 MB of text, five times as much when parsed. */
const SIDE_BY_SIDE = 16;
/** Then an event whose key is still missing is set aside. The search goes on. */
const KEY_PATIENCE_MS = 10_000;
/** Text of events that came before those that authorise them. More of them are set aside. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** Of events that are refused so many are remembered, with the reason; of more the answer is no state. */
const MOST_REFUSED_KEPT = 500;
const MOST_REFUSED = 10_000;
/** Events that may be set aside for one answer: strangers can name servers that do not exist. */
const MOST_ASIDE = 100_000;
const MOST_ASIDE_BYTES = 64 * 1024 * 1024;
const FIRST_RETRY_MS = 5000;

interface Fresh {
  readonly event: Event;
  readonly isState: boolean;
  readonly bytes: number;
}

/**
 * Takes in the events of a state and their auth chain, in any order and of any number, in bounded memory: checks them
 * and stores them without a place in the room. What cannot be stored yet is set aside in the table of awaited events.
 */
export class StateIntake {
  readonly #parts: IntakeParts;
  readonly #room: Room;
  /** The events of the state in the order in which they came, those included that are not stored. */
  readonly stateIds: EventId[] = [];
  #batch: ToldEvent[] = [];
  #batchBytes = 0;
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  #waiting: Fresh[] = [];
  #waitingBytes = 0;
  #refused = 0;
  #stored = 0;
  #aside = 0;
  #asideBytes = 0;

  constructor(parts: IntakeParts, room: Room) {
    this.#parts = parts;
    this.#room = room;
  }

  /** How far it is. */
  get counts(): IntakeCounts {
    return { stored: this.#stored, aside: this.#aside, refused: this.#refused };
  }

  /** Resolves when there is room for the next. @throws NoStateError, and what storing events throws */
  async add(told: ToldEvent): Promise<void> {
    this.#batch.push(told);
    this.#batchBytes += told.bytes;
    if (this.#batch.length >= BATCH || this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  /** An event that is none. */
  refuse(reason: string): void {
    this.#refused++;
    const { rooms } = this.#parts;
    if (this.#refused <= 5) rooms.log.info('An event of a state is refused.', { room: this.#room.roomId, reason });
    if (this.#refused > MOST_REFUSED) throw new NoStateError(`${this.#refused} of its events are none`);
  }

  /** Resolves when everything is stored or set aside. */
  async finish(): Promise<void> {
    await this.#flush();
    await Promise.all(this.#running);
    this.#rethrow();
    await this.#settleWaiting('what authorises it is not known');
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    while (this.#running.size >= SIDE_BY_SIDE) await Promise.race(this.#running);
    this.#rethrow();
    const task: Promise<void> = this.#process(batch)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #process(batch: readonly ToldEvent[]): Promise<void> {
    const { rooms, checked } = this.#parts;
    const fresh = await this.#fresh(batch);
    const enough = sleep(rooms.clock, KEY_PATIENCE_MS);
    const verdicts = await checked.verify(
      fresh.map(({ event }) => event),
      { enough },
    );
    const good: Fresh[] = [];
    const aside: NewAwaited[] = [];
    for (const [at, one] of fresh.entries()) {
      const verdict = verdicts[at]!;
      if (verdict.outcome === 'good') good.push(one);
      else if (verdict.outcome === 'unverified') aside.push(this.#awaited(one, verdict.reason));
      else aside.push(...this.#refusedEvent(one, verdict.reason));
    }
    await this.#store(good, aside);
    if (this.#waitingBytes > MOST_WAITING_BYTES)
      await this.#settleWaiting('what authorises it has not come before too many others');
  }

  /** The events of a batch that are not stored, each once, and not of another room. */
  async #fresh(batch: readonly ToldEvent[]): Promise<Fresh[]> {
    const { rooms, checked } = this.#parts;
    const read = await checked.parse(
      batch.map(({ pdu }) => pdu),
      this.#room.version,
    );
    const events = new Map<EventId, Fresh>();
    for (const [at, event] of read.entries()) {
      const { isState, bytes } = batch[at]!;
      if (event instanceof EventError) this.refuse(event.reason);
      else if (event.roomId !== this.#room.roomId) this.refuse('it is of another room');
      else events.set(event.id, { event, isState: isState || events.get(event.id)?.isState === true, bytes });
    }
    for (const { event, isState } of events.values()) if (isState) this.stateIds.push(event.id);
    const known = await storedIds(rooms.db, [...events.keys()]);
    return [...events.values()].filter(({ event }) => !known.has(event.id));
  }

  /** Stores events that are what they claim to be; those without the events that authorise them have to wait. */
  async #store(good: readonly Fresh[], aside: readonly NewAwaited[]): Promise<void> {
    const { rooms } = this.#parts;
    const byId = new Map(good.map(one => [one.event.id, one]));
    const sorted = sortedByAuth(good.map(({ event }) => event));
    const waiting = await writeRoom(rooms, this.#room, async tx => {
      await addAwaited(tx, this.#room.nid, aside);
      return this.#storeSorted(tx, sorted, byId);
    });
    this.#stored += good.length - waiting.length;
    for (const one of waiting) {
      this.#waiting.push(one);
      this.#waitingBytes += one.bytes;
    }
  }

  async #storeSorted(tx: Tx, sorted: readonly Event[], byId: ReadonlyMap<EventId, Fresh>): Promise<Fresh[]> {
    const outcomes = await storeOutliers(this.#parts.rooms, tx, this.#room, sorted);
    return sorted.flatMap(({ id }) => (outcomes.get(id) === 'unjudged' ? [byId.get(id)!] : []));
  }

  /** Another try for what waits; what still has to wait then is set aside. */
  async #settleWaiting(reason: string): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const byId = new Map(waiting.map(one => [one.event.id, one]));
    const sorted = sortedByAuth(waiting.map(({ event }) => event));
    for (let at = 0; at < sorted.length; at += BATCH) {
      const some = sorted.slice(at, at + BATCH);
      const left = await writeRoom(this.#parts.rooms, this.#room, async tx => {
        const still = await this.#storeSorted(tx, some, byId);
        await addAwaited(
          tx,
          this.#room.nid,
          still.map(one => this.#awaited(one, reason)),
        );
        return still;
      });
      this.#stored += some.length - left.length;
    }
  }

  #awaited({ event, isState, bytes }: Fresh, reason: string): NewAwaited {
    this.#aside++;
    this.#asideBytes += bytes;
    if (this.#aside > MOST_ASIDE || this.#asideBytes > MOST_ASIDE_BYTES)
      throw new NoStateError(`${this.#aside} of its events cannot be checked`);
    const due = this.#parts.rooms.clock.now() + FIRST_RETRY_MS;
    return { eventId: event.id, isState, json: JSON.stringify(event.pdu), reason, due };
  }

  /** What is refused for good is remembered where it leaves a gap in the state. */
  #refusedEvent({ event, isState }: Fresh, reason: string): NewAwaited[] {
    this.refuse(`${event.id}: ${reason}`);
    return isState && this.#refused <= MOST_REFUSED_KEPT
      ? [{ eventId: event.id, isState, json: '', reason, due: null }]
      : [];
  }
}
