import type { Clock, Timer } from '../base/clock.ts';
import { type Random, randomLetters } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';

/** The longest that one notice lasts, whatever the client asks for, in milliseconds. */
export const LONGEST_TYPING_MS = 120_000;
/** Rooms with typing that are remembered; the one that changed longest ago goes first. */
const MOST_ROOMS = 10_000;

/** Is told when a user begins to type, or stops. */
export type TypingListener = (roomNid: number, userId: UserId, isTyping: boolean) => void;

interface RoomTyping {
  serial: number;
  readonly users: Map<UserId, Timer>;
}

/**
 * Who types in which room. Kept in memory only. A token names the run of this process and a serial number in it, so
 * that after a restart everybody is told anew.
 */
export class Typing {
  readonly #clock: Clock;
  readonly #run: string;
  readonly #changed: (roomNid: number) => void;
  readonly #rooms = new Map<number, RoomTyping>();
  readonly #listeners = new Set<TypingListener>();
  #serial = 0;

  constructor(parts: { clock: Clock; random: Random; changed: (roomNid: number) => void }) {
    this.#clock = parts.clock;
    this.#run = randomLetters(parts.random, 4);
    this.#changed = parts.changed;
  }

  listen(listener: TypingListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** The place in this run's typing, for a sync token. */
  get token(): string {
    return `${this.#run}-${this.#serial.toString(36)}`;
  }

  set(roomNid: number, userId: UserId, timeoutMs: number): void {
    const room = this.#room(roomNid);
    room.users.get(userId)?.cancel();
    const isNew = !room.users.has(userId);
    room.users.set(
      userId,
      this.#clock.after(Math.min(timeoutMs, LONGEST_TYPING_MS), () => this.stop(roomNid, userId)),
    );
    if (isNew) this.#touch(roomNid, room, userId, true);
  }

  stop(roomNid: number, userId: UserId): void {
    const room = this.#rooms.get(roomNid);
    const timer = room?.users.get(userId);
    if (room === undefined || timer === undefined) return;
    timer.cancel();
    room.users.delete(userId);
    this.#touch(roomNid, room, userId, false);
  }

  /** Who types now, when that changed since `token`; undefined when it did not. */
  since(roomNid: number, token: string | undefined): UserId[] | undefined {
    const room = this.#rooms.get(roomNid);
    if (room === undefined || room.serial <= this.#serialOf(token)) return undefined;
    // One who knows nothing yet needs not be told that nobody types.
    if (token === undefined && room.users.size === 0) return undefined;
    return [...room.users.keys()];
  }

  /** The rooms in which it changed since `token`. */
  changedSince(token: string): number[] {
    const serial = this.#serialOf(token);
    if (serial === this.#serial) return [];
    return [...this.#rooms].filter(([, room]) => room.serial > serial).map(([roomNid]) => roomNid);
  }

  #serialOf(token: string | undefined): number {
    const [run, serial = ''] = token?.split('-') ?? [];
    return run === this.#run ? Number.parseInt(serial, 36) || 0 : 0;
  }

  #room(roomNid: number): RoomTyping {
    const room = this.#rooms.get(roomNid) ?? { serial: 0, users: new Map() };
    this.#rooms.delete(roomNid);
    this.#rooms.set(roomNid, room);
    if (this.#rooms.size > MOST_ROOMS) {
      const [oldest] = this.#rooms.keys();
      if (oldest !== undefined) this.#rooms.delete(oldest);
    }
    return room;
  }

  #touch(roomNid: number, room: RoomTyping, userId: UserId, isTyping: boolean): void {
    room.serial = ++this.#serial;
    this.#changed(roomNid);
    for (const listener of this.#listeners) listener(roomNid, userId, isTyping);
  }
}
