import { sleep } from '../../base/clock.ts';
import { REDONE_SUBJECT } from '../../rooms/guessed-state.ts';
import type { ToldStateParts } from '../gaps/told-state.ts';
import { judgeRoomAgain } from './repairs/judge-again.ts';

/** What is missing comes in pieces: judged when that is over. */
const PAUSE_MS = 10_000;
/** Rooms that wait. Others are judged when the doctor looks. */
const MOST_WAITING = 1000;

/** Judges again what was refused in rooms whose states were worked out anew, because what had been missing came. */
export class Judging {
  readonly #parts: ToldStateParts;
  readonly #waiting = new Set<number>();

  constructor(parts: ToldStateParts) {
    this.#parts = parts;
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.#parts.rooms;
    using _ = bus.subscribe(REDONE_SUBJECT, message => this.hear(Number(message)));
    while (!signal.aborted) {
      await sleep(clock, PAUSE_MS, signal);
      await this.turn(signal).catch((error: unknown) => log.error('Judging events again failed.', { err: error }));
    }
    this.#waiting.clear();
  }

  /** The states of a room were worked out anew. */
  hear(roomNid: number): void {
    if (this.#waiting.size < MOST_WAITING) this.#waiting.add(roomNid);
  }

  /** Judges what waits. */
  async turn(signal: AbortSignal): Promise<void> {
    const { rooms } = this.#parts;
    for (const nid of this.#waiting) {
      if (signal.aborted) return;
      this.#waiting.delete(nid);
      const room = (await rooms.rooms.byNids(rooms.db, [nid])).get(nid);
      if (room !== undefined) await judgeRoomAgain(this.#parts, room, rooms.serverName, signal);
    }
  }
}
