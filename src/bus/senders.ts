interface Sender {
  /** The last number that is known of. */
  readonly number: number;
  readonly heardAt: number;
}

/** More processes than anybody runs; the one that was heard longest ago is forgotten. */
const MOST_SENDERS = 4096;

export interface Patience {
  /** A sender that was not heard for so long may be cut off, and what it says lost. */
  readonly silentMs: number;
  /** After so long it is taken for gone. */
  readonly goneMs: number;
}

/**
 * The other processes, and up to which number each was heard. Who comes back after having been forgotten counts as new,
 * and of a new one everything before its first number counts as lost: what is dropped in vain costs little.
 */
export class Senders {
  readonly #patience: Patience;
  /** The one that was heard longest ago comes first. */
  readonly #senders = new Map<string, Sender>();

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  get size(): number {
    return this.#senders.size;
  }

  /** A hint with `number`; the first of a sender has 1. @returns whether hints before it were lost */
  heardHint(sender: string, number: number, now: number): boolean {
    return this.#heard(sender, number, now) !== number - 1;
  }

  /** A sign of life; `number` is that of the last hint. @returns whether hints were lost */
  heardBeat(sender: string, number: number, now: number): boolean {
    return this.#heard(sender, number, now) !== number;
  }

  /** @returns whether hints were lost */
  heardBye(sender: string, number: number, now: number): boolean {
    const wasLost = this.heardBeat(sender, number, now);
    this.#senders.delete(sender);
    return wasLost;
  }

  /** @returns the number up to which the sender was heard before; 0 for a new one */
  #heard(sender: string, number: number, now: number): number {
    const before = this.#senders.get(sender)?.number ?? 0;
    this.#senders.delete(sender);
    this.#senders.set(sender, { number, heardAt: now });
    if (this.#senders.size > MOST_SENDERS) {
      for (const oldest of this.#senders.keys()) {
        this.#senders.delete(oldest);
        break;
      }
    }
    return before;
  }

  /** Whether one that should be heard is not; those that are gone are forgotten. */
  isAnySilent(now: number): boolean {
    for (const [sender, { heardAt }] of this.#senders) {
      if (now - heardAt < this.#patience.silentMs) return false;
      if (now - heardAt < this.#patience.goneMs) return true;
      this.#senders.delete(sender);
    }
    return false;
  }
}
