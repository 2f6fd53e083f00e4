import type { Clock } from '../../base/clock.ts';

/** Visits at once, and those on top that have taken long already. */
const MOST_QUICK = 50;
const MOST_SLOW = 100;
/** Of the quick ones, visits to servers that have not taken anything yet. */
const MOST_STRANGERS = 30;
const SLOW_MS = 3000;
/** Of so many visits one is to a server that has not taken anything yet, however many others wait. */
const TURNS = 4;

/** What a visit has brought about. */
export interface Visited {
  /** More is to be done there. */
  readonly isMore: boolean;
  /** The server has taken something. */
  readonly isKnown: boolean;
}

/** @throws what ends in nothing here: the visitor has told it */
export type Visitor = (domainNid: number, isKnown: boolean) => Promise<Visited>;

/**
 * Who is visited when. Servers that have taken something before go first, and whoever does not answer soon makes room
 * for another: those that are dead and do not say so take nothing from the living.
 */
export class Lanes {
  readonly #clock: Clock;
  readonly #visit: Visitor;
  /** Servers that have taken something: a number each. */
  readonly #known = new Set<number>();
  readonly #first = new Set<number>();
  readonly #later = new Set<number>();
  readonly #active = new Map<number, Promise<void>>();
  /** Those to be visited again after the visit that is under way. */
  readonly #again = new Set<number>();
  #quick = 0;
  #strangers = 0;
  #slow = 0;
  #picks = 0;
  #isClosed = false;

  constructor(clock: Clock, visit: Visitor) {
    this.#clock = clock;
    this.#visit = visit;
  }

  /** Has a server visited, once more if it is being visited. */
  add(domainNid: number): void {
    if (this.#active.has(domainNid)) this.#again.add(domainNid);
    else this.#queueOf(domainNid).add(domainNid);
    this.#fill();
  }

  isActive(domainNid: number): boolean {
    return this.#active.has(domainNid);
  }

  get load(): { readonly active: number; readonly waiting: number } {
    return { active: this.#active.size, waiting: this.#first.size + this.#later.size };
  }

  /** Begins no visit any more; resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.drain();
  }

  /** Resolves when none is under way and none waits. */
  async drain(): Promise<void> {
    while (this.#active.size > 0) await Promise.all(this.#active.values());
  }

  /** Resolves when none of some servers is being visited. */
  async settled(isOne: (domainNid: number) => boolean): Promise<void> {
    for (;;) {
      const visits = [...this.#active].flatMap(([domainNid, visit]) => (isOne(domainNid) ? [visit] : []));
      if (visits.length === 0) return;
      await Promise.all(visits);
    }
  }

  #queueOf(domainNid: number): Set<number> {
    return this.#known.has(domainNid) ? this.#first : this.#later;
  }

  #fill(): void {
    while (!this.#isClosed && this.#quick < MOST_QUICK) {
      const next = this.#pick();
      if (next === undefined) return;
      this.#active.set(next, this.#run(next));
    }
  }

  #pick(): number | undefined {
    const isTurnOfLater = this.#picks++ % TURNS === 0;
    const later = this.#strangers < MOST_STRANGERS ? [this.#later] : [];
    const queues = isTurnOfLater ? [...later, this.#first] : [this.#first, ...later];
    for (const queue of queues) {
      for (const domainNid of queue) {
        queue.delete(domainNid);
        return domainNid;
      }
    }
    return undefined;
  }

  async #run(domainNid: number): Promise<void> {
    const isKnown = this.#known.has(domainNid);
    let isSlow = false;
    this.#countQuick(1, isKnown);
    const makeRoom = () => {
      isSlow = this.#slow < MOST_SLOW;
      if (!isSlow) timer = this.#clock.after(SLOW_MS, makeRoom);
      else this.#moveToSlow(isKnown);
    };
    let timer = this.#clock.after(SLOW_MS, makeRoom);
    const visited = await this.#visit(domainNid, isKnown).catch(() => undefined);
    timer.cancel();
    if (isSlow) this.#slow--;
    else this.#countQuick(-1, isKnown);
    this.#active.delete(domainNid);
    this.#after(domainNid, visited);
    this.#fill();
  }

  #countQuick(by: number, isKnown: boolean): void {
    this.#quick += by;
    if (!isKnown) this.#strangers += by;
  }

  #moveToSlow(isKnown: boolean): void {
    this.#countQuick(-1, isKnown);
    this.#slow++;
    this.#fill();
  }

  #after(domainNid: number, visited: Visited | undefined): void {
    if (visited?.isKnown === true) this.#known.add(domainNid);
    else this.#known.delete(domainNid);
    const isWanted = this.#again.delete(domainNid);
    if (visited?.isMore === true || (isWanted && visited?.isKnown === true)) this.#queueOf(domainNid).add(domainNid);
  }
}
