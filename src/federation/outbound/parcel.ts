import type { EventId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Moves } from './moves.ts';

/** One event in a transaction. */
export interface ParcelEvent {
  readonly id: EventId;
  readonly roomNid: number;
  readonly pdu: JsonObject;
}

/** What goes to a server in one transaction, and what is moved once it has arrived. Disposing of it gives its memory back. */
export class Parcel implements Disposable {
  readonly events: readonly ParcelEvent[];
  /** EDUs that are made anew as long as they have not arrived. */
  readonly made: readonly JsonObject[];
  /** EDUs that wait in the queue. */
  readonly queued: readonly JsonObject[];
  /** EDUs that are worth nothing later: typing, presence. */
  readonly fleeting: readonly JsonObject[];
  readonly moves: Moves;
  /** Of all items together. */
  readonly bytes: number;
  /** Something waits that the follower of the logs has not passed yet. */
  readonly isBehind: boolean;
  /** What of rooms was to be sent, all of it, and nothing else waited. */
  readonly isAll: boolean;
  readonly #held: Disposable;

  constructor(
    parts: Pick<Parcel, 'events' | 'made' | 'queued' | 'fleeting' | 'moves' | 'bytes' | 'isBehind' | 'isAll'> & {
      readonly held: Disposable;
    },
  ) {
    this.events = parts.events;
    this.made = parts.made;
    this.queued = parts.queued;
    this.fleeting = parts.fleeting;
    this.moves = parts.moves;
    this.bytes = parts.bytes;
    this.isBehind = parts.isBehind;
    this.isAll = parts.isAll;
    this.#held = parts.held;
  }

  /** EDUs that have to arrive. */
  get edus(): readonly JsonObject[] {
    return [...this.made, ...this.queued];
  }

  get items(): number {
    return this.events.length + this.edus.length + this.fleeting.length;
  }

  /** Whether something changes once it has arrived. */
  get movesAnything(): boolean {
    const { ranges, edus, lists } = this.moves;
    return ranges.length + edus.length + lists.length > 0;
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}
