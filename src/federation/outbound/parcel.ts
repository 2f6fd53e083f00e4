import type { Held } from '../../base/budget-account.ts';
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
  /** EDUs that have to arrive, or that are made anew as long as they have not. */
  readonly edus: readonly JsonObject[];
  /** EDUs that are worth nothing later: typing, presence. */
  readonly fleeting: readonly JsonObject[];
  readonly moves: Moves;
  /** Something waits that the follower of the logs has not passed yet. */
  readonly isBehind: boolean;
  readonly #held: Held | undefined;

  constructor(
    parts: Pick<Parcel, 'events' | 'edus' | 'fleeting' | 'moves' | 'isBehind'> & { readonly held: Held | undefined },
  ) {
    this.events = parts.events;
    this.edus = parts.edus;
    this.fleeting = parts.fleeting;
    this.moves = parts.moves;
    this.isBehind = parts.isBehind;
    this.#held = parts.held;
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
    this.#held?.[Symbol.dispose]();
  }
}
