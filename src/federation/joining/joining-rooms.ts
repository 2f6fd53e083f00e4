import type { Clock, Timer } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Room } from '../../rooms/room.ts';

/** What processes tell each other of rooms that they are coming into, as JSON. */
type Word =
  | { readonly kind: 'joining' | 'over'; readonly nids: readonly number[] }
  /** It has begun, and wants to know of which rooms that is so. */
  | { readonly kind: 'ask' };

const JOINING_SUBJECT = 'federation.joining';
/** It is told again so often, and believed for so long. */
const AGAIN_MS = 10_000;
const BELIEVED_MS = 35_000;

/**
 * Rooms that we are coming into just now: their servers may send us events before we have taken in the state. The process
 * that joins tells the others, to which such events may come.
 */
export class JoiningRooms {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #here = new Set<number>();
  /** Until when other processes are believed to join. Rooms that are being joined are few. */
  readonly #elsewhere = new Map<number, number>();
  #again: Timer | undefined;
  #doubtUntil = Number.NEGATIVE_INFINITY;

  constructor({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
    bus.subscribe(JOINING_SUBJECT, message => this.#hear(JSON.parse(message) as Word));
    bus.missed(() => {
      this.#doubtUntil = clock.monotonic() + BELIEVED_MS;
    });
    this.#tell({ kind: 'ask' });
  }

  has({ nid }: Pick<Room, 'nid'>): boolean {
    return this.#here.has(nid) || (this.#elsewhere.get(nid) ?? Number.NEGATIVE_INFINITY) > this.#clock.monotonic();
  }

  /** Whether another process may be coming into a room without this one having heard of it. */
  get isInDoubt(): boolean {
    return this.#clock.monotonic() < this.#doubtUntil;
  }

  /** A join begins, one at a time for a room; disposing of it ends it. */
  begin({ nid }: Room): Disposable {
    this.#here.add(nid);
    this.#tell({ kind: 'joining', nids: [nid] });
    this.#again ??= this.#clock.after(AGAIN_MS, () => this.#tellAgain());
    return {
      [Symbol.dispose]: () => {
        this.#here.delete(nid);
        this.#tell({ kind: 'over', nids: [nid] });
      },
    };
  }

  #tellAgain(): void {
    this.#again = undefined;
    if (this.#here.size === 0) return;
    this.#tell({ kind: 'joining', nids: [...this.#here] });
    this.#again = this.#clock.after(AGAIN_MS, () => this.#tellAgain());
  }

  #tell(word: Word): void {
    this.#bus.publish(JOINING_SUBJECT, JSON.stringify(word));
  }

  #hear(word: Word): void {
    if (word.kind === 'ask') {
      if (this.#here.size > 0) this.#tell({ kind: 'joining', nids: [...this.#here] });
      return;
    }
    const now = this.#clock.monotonic();
    for (const nid of word.nids) {
      if (word.kind === 'over') this.#elsewhere.delete(nid);
      else if (!this.#here.has(nid)) this.#elsewhere.set(nid, now + BELIEVED_MS);
    }
    for (const [nid, until] of this.#elsewhere) if (until <= now) this.#elsewhere.delete(nid);
  }
}
