import type { JoinedChanges } from '../../rooms/joined-changes.ts';
import type { Audience } from './outbound-ranges.table.ts';

/**
 * The servers in a room as they were at a place in its log, while the tables say how they are now: every change that
 * came later is taken back. Whoever reads a log late must not send to those who have come since, nor forget those who
 * have gone.
 */
export class ServersThen {
  readonly #now: ReadonlyMap<number, number>;
  /** What is still to come, by server. */
  readonly #later = new Map<number, number>();

  /** `now`: how many users the servers in `later` have joined today. `later`: what happens after the place, all of it. */
  constructor(now: ReadonlyMap<number, number>, later: readonly JoinedChanges[]) {
    this.#now = now;
    for (const changes of later) this.#move(changes, 1);
  }

  /** Goes on past some changes. */
  pass(changes: JoinedChanges): void {
    this.#move(changes, -1);
  }

  /** How many users a server had joined: of servers that change, and of those in `now`. */
  joined(domainNid: number): number {
    return (this.#now.get(domainNid) ?? 0) - (this.#later.get(domainNid) ?? 0);
  }

  /** Who was in the room, as it differs from who is. */
  audience(own: number): Audience {
    const differing = [...this.#later.keys()].filter(nid => nid !== own);
    return {
      own,
      without: differing.filter(nid => this.joined(nid) <= 0),
      and: differing.filter(nid => this.joined(nid) > 0 && (this.#now.get(nid) ?? 0) <= 0),
    };
  }

  #move(changes: JoinedChanges, sign: number): void {
    for (const [domainNid, by] of changes) {
      const later = (this.#later.get(domainNid) ?? 0) + sign * by;
      if (later === 0) this.#later.delete(domainNid);
      else this.#later.set(domainNid, later);
    }
  }
}
