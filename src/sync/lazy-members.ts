import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { ClientView } from '../rooms/event-format.ts';
import type { StoredEvent } from '../rooms/room.ts';

/**
 * Which membership events a device was sent already, so that lazy loading does not repeat them (client-server API,
 * "Lazy-loading room members"). Bounded: what is forgotten is sent again, which is always right.
 */
export class LazyMembers {
  readonly #sent: ByteCache<Set<number>>;

  constructor(budget: Budget) {
    this.#sent = new ByteCache({ name: 'lazy_members', budget, weight: 60, sizeOf: set => 40 * (set.size + 8) });
  }

  /** Those that were not sent before; they count as sent from now on. */
  unsent(view: ClientView, roomNid: number, members: readonly StoredEvent[], again: boolean): StoredEvent[] {
    const key = `${view.userNid}/${roomNid}/${view.deviceId ?? ''}`;
    const sent = again ? new Set<number>() : (this.#sent.get(key) ?? new Set<number>());
    const fresh = members.filter(member => !sent.has(member.nid));
    for (const member of fresh) sent.add(member.nid);
    // Set anew so that the cache counts its new size.
    if (fresh.length > 0 || again) this.#sent.set(key, sent);
    return fresh;
  }
}
