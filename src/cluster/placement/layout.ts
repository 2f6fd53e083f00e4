import type { Assignment, Board } from '../boards/board.ts';
import { besideOf, capacityOf, FIRST_PORT, footprintOf, rounded } from './budget.ts';
import { isMeant, type Outside, type Part } from './part.ts';

const collator = new Intl.Collator('en', { numeric: true });

/** `b1-sync-2` before `b1-sync-10`. */
export function inOrder(assignments: readonly Assignment[]): Assignment[] {
  return assignments.toSorted((one, other) => collator.compare(one.process, other.process));
}

/** A board that takes new processes, and what is on it. */
interface Place {
  readonly board: Board;
  free: number;
  readonly ports: Set<number>;
  /** How many processes of each part. */
  readonly counts: Map<string, number>;
}

export interface LayoutInput {
  readonly boards: readonly Board[];
  readonly outside: readonly Outside[];
  /** What is to stay where it can. */
  readonly kept: readonly Assignment[];
  /** What runs now, going or not: its ports are taken. */
  readonly taken: readonly Assignment[];
  /** Whether what is new may have the name of what runs, and takes its place then. */
  readonly isReplacing: boolean;
}

/** Processes on boards, being put there. */
export class Layout {
  readonly #places: readonly Place[];
  readonly #byName: ReadonlyMap<string, Place>;
  readonly #eligible = new Map<string, readonly Place[]>();
  readonly #names: Set<string>;
  readonly #placed = new Map<string, Assignment[]>();
  readonly #kept: ReadonlyMap<string, readonly Assignment[]>;
  readonly #portOf: ReadonlyMap<string, number>;

  constructor({ boards, outside, kept, taken, isReplacing }: LayoutInput) {
    const usable = boards.filter(({ isAlive, isCordoned }) => isAlive && !isCordoned);
    this.#places = usable.map(board => ({
      board,
      free: outside.reduce(
        (free, { board: at, memory }) => (at === board.name ? free - memory : free),
        capacityOf(board),
      ),
      ports: new Set(),
      counts: new Map(),
    }));
    this.#byName = new Map(this.#places.map(place => [place.board.name, place]));
    this.#names = new Set(isReplacing ? [] : taken.map(({ process }) => process));
    this.#kept = Map.groupBy(inOrder(kept), ({ part }) => part);
    this.#portOf = new Map(taken.map(({ process, port }) => [process, port]));
    for (const { board, port } of taken) this.#byName.get(board)?.ports.add(port);
  }

  placedOf({ name }: Pick<Part, 'name'>): readonly Assignment[] {
    return this.#placed.get(name) ?? [];
  }

  get placed(): Assignment[] {
    return [...this.#placed.values()].flat();
  }

  /** What the boards of a part have free, the best one first. */
  roomFor(part: Part): { readonly board: string; readonly free: number }[] {
    return this.#eligibleFor(part)
      .map(({ board, free }) => ({ board: board.name, free }))
      .toSorted((one, other) => other.free - one.free);
  }

  /** Keeps up to so many of a part: those that are alone on their boards before others. */
  keep(part: Part, count: number): void {
    const seen = new Map<string, number>();
    const ranked = (this.#kept.get(part.name) ?? [])
      .filter(one => isOf(part, one) && this.#eligibleFor(part).includes(this.#byName.get(one.board) as Place))
      .map(one => {
        const rank = seen.get(one.board) ?? 0;
        seen.set(one.board, rank + 1);
        return { one, rank };
      })
      .filter(({ rank }) => part.count !== 'each' || rank === 0)
      .toSorted((a, b) => a.rank - b.rank);
    for (const { one } of ranked) {
      if (this.placedOf(part).length >= count) return;
      const place = this.#byName.get(one.board);
      if (place !== undefined && place.free >= footprintOf(one)) this.#put(part, place, { ...one, isLeaving: false });
    }
  }

  /** Puts one more where it is best: where there is none of its part, and most room. False where there is no room. */
  add(part: Part): boolean {
    const place = this.#bestFor(part, Number.POSITIVE_INFINITY);
    if (place === undefined) return false;
    this.#start(part, place);
    return true;
  }

  /** Moves one of a part from the board that has most of them to one that has two fewer. False where there is none. */
  unstack(part: Part): boolean {
    if (!part.spread || part.count === 'each') return false;
    const { name } = part;
    let fullest: Place | undefined;
    for (const place of this.#eligibleFor(part))
      if (countOf(place, name) >= Math.max(2, countOf(fullest, name))) fullest = place;
    if (fullest === undefined) return false;
    const target = this.#bestFor(part, countOf(fullest, name) - 2);
    if (target === undefined) return false;
    const from = fullest;
    const last = inOrder(this.placedOf(part).filter(({ board }) => board === from.board.name)).at(-1) as Assignment;
    this.#placed.set(
      name,
      this.placedOf(part).filter(one => one !== last),
    );
    from.free += footprintOf(last);
    from.counts.set(name, countOf(from, name) - 1);
    this.#start(part, target);
    return true;
  }

  #eligibleFor(part: Part): readonly Place[] {
    const known = this.#eligible.get(part.name);
    if (known !== undefined) return known;
    const found = this.#places.filter(({ board }) => isMeant(part, board));
    this.#eligible.set(part.name, found);
    return found;
  }

  /** `most`: of the same part on the board already. */
  #bestFor(part: Part, most: number): Place | undefined {
    const beside = besideOf(part);
    const limit = part.count === 'each' ? 0 : most;
    let best: Place | undefined;
    for (const place of this.#eligibleFor(part)) {
      if (place.free < part.least + beside || countOf(place, part.name) > limit) continue;
      if (best === undefined || isBetter(part, place, best)) best = place;
    }
    return best;
  }

  #start(part: Part, place: Place): void {
    const { name, kind, roles, memory, least } = part;
    const process = this.#newName(place.board.name, name);
    const free = rounded(place.free - besideOf(part));
    this.#put(part, place, {
      process,
      board: place.board.name,
      part: name,
      kind,
      roles: [...roles],
      port: kind === 'front' ? 0 : (this.#portOf.get(process) ?? freePort(place.ports)),
      memory: Math.max(least, Math.min(memory, free)),
      isLeaving: false,
    });
  }

  #put({ name }: Part, place: Place, one: Assignment): void {
    place.free -= footprintOf(one);
    place.ports.add(one.port);
    place.counts.set(name, countOf(place, name) + 1);
    this.#names.add(one.process);
    this.#placed.set(name, [...this.placedOf({ name }), one]);
  }

  #newName(board: string, part: string): string {
    for (let number = 1; ; number++) {
      const name = `${board}-${part}-${number}`;
      if (!this.#names.has(name)) return name;
    }
  }
}

function countOf(place: Place | undefined, part: string): number {
  return place?.counts.get(part) ?? 0;
}

function isBetter(part: Part, one: Place, other: Place): boolean {
  const stacked = part.spread ? countOf(one, part.name) - countOf(other, part.name) : 0;
  return stacked === 0 ? one.free > other.free : stacked < 0;
}

function freePort(taken: ReadonlySet<number>): number {
  for (let port = FIRST_PORT; ; port++) if (!taken.has(port)) return port;
}

/** Whether a process is as its part wants it; whether its board may have it is another matter. */
export function isOf(part: Part, { kind, roles, memory }: Assignment): boolean {
  const isAlike = kind === part.kind && roles.toSorted().join() === part.roles.toSorted().join();
  return isAlike && memory >= part.least && memory <= part.most;
}
