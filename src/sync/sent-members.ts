import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { StoredEvent } from '../rooms/room.ts';

/** What is told of a room in one answer: that after `from`, up to `upTo`. */
export interface Told {
  /** Who is told: a connection, or a device. */
  readonly connection: string;
  readonly roomNid: number;
  readonly from: number;
  readonly upTo: number;
}

const ENTRY_BYTES = 48;
const MOST_MEMBERS = 500;

/**
 * Which membership events clients were sent because an event named the member (client-server API, "Lazy-loading room
 * members"; MSC4186, "Lazy loaded memberships"), each with the position of the answer it was in: who asks from further
 * back never got it. Bounded: what is forgotten is sent again, which is always right.
 */
export class SentMembers {
  readonly #sent: ByteCache<ReadonlyMap<number, number>>;

  constructor(budget: Budget, { name, weight }: { readonly name: string; readonly weight: number }) {
    this.#sent = new ByteCache<ReadonlyMap<number, number>>({
      name,
      budget,
      weight,
      sizeOf: map => ENTRY_BYTES * (map.size + 4),
    });
  }

  /** Those that the client has not got; they count as sent with this answer. `again`: it has none, or may have none. */
  unsent({ connection, roomNid, from, upTo }: Told, members: readonly StoredEvent[], again: boolean): StoredEvent[] {
    if (members.length === 0 && !again) return [];
    const key = `${connection}/${roomNid}`;
    const before = again ? undefined : this.#sent.get(key);
    const fresh = members.filter(({ nid }) => (before?.get(nid) ?? Number.POSITIVE_INFINITY) > from);
    if (fresh.length === 0 && !again) return fresh;
    // What the client has, and what is in this very answer.
    const sent = new Map([...(before ?? [])].filter(([, pos]) => pos <= from || pos === upTo));
    for (const { nid } of fresh) sent.set(nid, upTo);
    this.#sent.set(key, new Map([...sent].slice(-MOST_MEMBERS)));
    return fresh;
  }
}
