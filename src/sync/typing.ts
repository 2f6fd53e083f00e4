import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';
import { type Mark, RunCounter } from './run-counter.ts';
import { hearTyping, MOST_TOLD, type TypingWord, type Typist, tellTyping } from './typing-words.ts';

/** The longest that one notice lasts, whatever the client asks for, in milliseconds. */
export const LONGEST_TYPING_MS = 120_000;
/** Rooms with typing that are remembered; the one that changed longest ago goes first. */
const MOST_ROOMS = 10_000;
/** So much longer somebody types who types at another process: it says itself when they stop. */
const GRACE_MS = 2000;

/** Is told when a user begins to type, or stops. */
export type TypingListener = (roomNid: number, userId: UserId, isTyping: boolean) => void;

interface Notice {
  readonly timer: Timer;
  /** By the monotonic clock. */
  readonly until: number;
  /** The process at which they type. */
  readonly run: string;
}

interface RoomTyping {
  mark: Mark;
  readonly users: Map<UserId, Notice>;
}

export interface TypingParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly changed: (roomNid: number) => void;
}

/**
 * Who types in which room. Kept in memory only, whole in each process: whoever types at one is told of over the bus to the
 * others. What is lost there is over after its timeout; a process that has begun or has missed something asks the others.
 */
export class Typing implements Disposable {
  readonly #parts: TypingParts;
  readonly #counter: RunCounter;
  readonly #rooms = new Map<number, RoomTyping>();
  readonly #listeners = new Set<TypingListener>();
  readonly #subscriptions = new DisposableStack();

  constructor(parts: TypingParts) {
    this.#parts = parts;
    this.#counter = new RunCounter(parts);
    this.#subscriptions.use(hearTyping(parts.bus, word => this.#hear(word)));
    this.#subscriptions.use(parts.bus.missed(() => this.#ask()));
    this.#ask();
  }

  listen(listener: TypingListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** The place in what changed, for a sync token. */
  get token(): string {
    return this.#counter.token;
  }

  set(roomNid: number, userId: UserId, timeoutMs: number): void {
    const { run } = this.#counter;
    const ms = Math.min(timeoutMs, LONGEST_TYPING_MS);
    const { stamp } = this.#put([roomNid, userId, ms], run);
    tellTyping(this.#parts.bus, { kind: 'types', run, stamp, typist: [roomNid, userId, ms] });
  }

  stop(roomNid: number, userId: UserId): void {
    const mark = this.#drop(roomNid, userId);
    if (mark === undefined) return;
    const { run } = this.#counter;
    tellTyping(this.#parts.bus, { kind: 'stops', run, stamp: mark.stamp, typist: [roomNid, userId, 0] });
  }

  /** Who types now, when that changed since `token`; undefined when it did not. */
  since(roomNid: number, token: string | undefined): UserId[] | undefined {
    const room = this.#rooms.get(roomNid);
    if (room === undefined || !this.#counter.newerThan(token)(room.mark)) return undefined;
    // One who knows nothing yet needs not be told that nobody types.
    if (token === undefined && room.users.size === 0) return undefined;
    return [...room.users.keys()];
  }

  /** The rooms in which it changed since `token`. */
  changedSince(token: string): number[] {
    if (this.#counter.isCurrent(token)) return [];
    const isNewer = this.#counter.newerThan(token);
    return [...this.#rooms].filter(([, room]) => isNewer(room.mark)).map(([roomNid]) => roomNid);
  }

  #ask(): void {
    tellTyping(this.#parts.bus, { kind: 'ask', run: this.#counter.run });
  }

  #hear(word: TypingWord): void {
    if (word.run === this.#counter.run) return;
    if (word.kind === 'ask') this.#answer();
    else if (word.kind === 'all') this.#hearAll(word);
    else if (word.kind === 'types') this.#hearTypist(word.typist, word.run, word.stamp);
    else this.#drop(word.typist[0], word.typist[1], word.stamp);
  }

  /** Those who type here; the other processes say who types there. */
  #answer(): void {
    const { run } = this.#counter;
    const now = this.#parts.clock.monotonic();
    const here = this.#typistsOf(run).map(([roomNid, userId, { until }]): Typist => [roomNid, userId, until - now]);
    const isWhole = here.length <= MOST_TOLD;
    tellTyping(this.#parts.bus, { kind: 'all', run, typists: here.slice(0, MOST_TOLD), isWhole });
  }

  #hearAll({ run, typists, isWhole }: TypingWord & { readonly kind: 'all' }): void {
    for (const typist of typists) this.#hearTypist(typist, run);
    if (!isWhole) return;
    const told = new Set(typists.map(([roomNid, userId]) => `${roomNid} ${userId}`));
    for (const [roomNid, userId] of this.#typistsOf(run))
      if (!told.has(`${roomNid} ${userId}`)) this.#drop(roomNid, userId);
  }

  #hearTypist([roomNid, userId, ms]: Typist, run: string, stamp?: number): void {
    this.#put([roomNid, userId, Math.min(ms, LONGEST_TYPING_MS) + GRACE_MS], run, stamp);
  }

  #typistsOf(run: string): [roomNid: number, userId: UserId, notice: Notice][] {
    return [...this.#rooms].flatMap(([roomNid, { users }]) =>
      [...users]
        .filter(([, notice]) => notice.run === run)
        .map(([userId, notice]): [number, UserId, Notice] => [roomNid, userId, notice]),
    );
  }

  /** `run`: the process at which they type; `stamp` is that of its word. */
  #put([roomNid, userId, ms]: Typist, run: string, stamp?: number): Mark {
    const { clock } = this.#parts;
    const room = this.#room(roomNid);
    const before = room.users.get(userId);
    before?.timer.cancel();
    const timer = clock.after(ms, () => this.#over(roomNid, userId));
    room.users.set(userId, { timer, until: clock.monotonic() + ms, run });
    return before === undefined ? this.#touch(roomNid, room, { userId, isTyping: true, stamp }) : room.mark;
  }

  #over(roomNid: number, userId: UserId): void {
    const isHere = this.#rooms.get(roomNid)?.users.get(userId)?.run === this.#counter.run;
    if (isHere) this.stop(roomNid, userId);
    else this.#drop(roomNid, userId);
  }

  /** Undefined when they did not type. */
  #drop(roomNid: number, userId: UserId, stamp?: number): Mark | undefined {
    const room = this.#rooms.get(roomNid);
    const notice = room?.users.get(userId);
    if (room === undefined || notice === undefined) return undefined;
    notice.timer.cancel();
    room.users.delete(userId);
    return this.#touch(roomNid, room, { userId, isTyping: false, stamp });
  }

  #room(roomNid: number): RoomTyping {
    const room = this.#rooms.get(roomNid) ?? { mark: { serial: 0, stamp: 0 }, users: new Map() };
    this.#rooms.delete(roomNid);
    this.#rooms.set(roomNid, room);
    if (this.#rooms.size > MOST_ROOMS) {
      const [oldest] = this.#rooms.keys();
      if (oldest !== undefined) this.#rooms.delete(oldest);
    }
    return room;
  }

  #touch(
    roomNid: number,
    room: RoomTyping,
    {
      userId,
      isTyping,
      stamp,
    }: { readonly userId: UserId; readonly isTyping: boolean; readonly stamp?: number | undefined },
  ): Mark {
    room.mark = this.#counter.next(stamp);
    this.#parts.changed(roomNid);
    for (const listener of this.#listeners) listener(roomNid, userId, isTyping);
    return room.mark;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
    for (const { users } of this.#rooms.values()) for (const { timer } of users.values()) timer.cancel();
  }
}
