import type { Assignment, Board } from '../boards/board.ts';
import { ROLES } from '../roles.ts';
import { capacityOf, doesRole, footprintOf, LEAST_MEMORY } from './budget.ts';
import { probesOn } from './cut-off.ts';
import type { Outside } from './part.ts';
import type { Placement } from './place.ts';

/** What is replaced goes after so long, ready or not. */
export const LONGEST_FAREWELL_MS = 60_000;
/** What an agent said may be older than what it was told since: three times the time between reports. */
export const REPORT_AGE_MS = 6000;

export interface StepInput {
  readonly placement: Placement;
  readonly current: readonly Assignment[];
  readonly boards: readonly Board[];
  readonly outside: readonly Outside[];
  /** For how long a process has been leaving; 0 for one that is not. */
  leavingFor(process: string): number;
  /** How long ago it was put where it is, or changed; infinity where that is not known. */
  changedFor(process: string): number;
}

export type Act =
  | { readonly kind: 'put'; readonly assignment: Assignment }
  | { readonly kind: 'remove'; readonly process: string };

/**
 * What is to be done now on the way from what runs to a placement; the rest follows when this is done. What is new is started
 * where it has room beside what is there. What it replaces stays until it is ready. Where there is no room for both, one
 * process at a time goes before: one whose roles others serve, else when there is nothing more to wait for.
 */
export function step(input: StepInput): Act[] {
  return new Step(input).acts();
}

class Step {
  readonly #input: StepInput;
  readonly #wanted: ReadonlyMap<string, Assignment>;
  readonly #rows: Map<string, Assignment>;
  readonly #living: ReadonlyMap<string, Board>;
  readonly #acts: Act[] = [];
  readonly #fresh = new Set<string>();
  /** Whether one process has been taken from users in this step. */
  #isOneDown = false;

  constructor(input: StepInput) {
    this.#input = input;
    const { assignments, waiting } = input.placement;
    this.#wanted = new Map([...assignments, ...waiting].map(one => [one.process, one]));
    this.#rows = new Map(input.current.map(one => [one.process, one]));
    this.#living = new Map(input.boards.filter(({ isAlive }) => isAlive).map(board => [board.name, board]));
  }

  acts(): Act[] {
    for (const one of this.#gone()) this.#farewell(one);
    for (const one of this.#wanted.values()) this.#welcome(one);
    return this.#acts;
  }

  #gone(): Assignment[] {
    const current = [...this.#rows.values()];
    const probes = probesOn(this.#input.boards, { current, wanted: new Set(this.#wanted.keys()) });
    return current.filter(one => !this.#wanted.has(one.process) && !probes.includes(one));
  }

  #farewell(one: Assignment): void {
    const { leavingFor } = this.#input;
    const isOver = !this.#living.has(one.board) || leavingFor(one.process) >= LONGEST_FAREWELL_MS;
    if (isOver || this.#isReplaced(one)) this.#remove(one);
    else if (!one.isLeaving) this.#put({ ...one, isLeaving: true });
  }

  /** By all of its part, which may be fewer; where the part is gone, by all that serve any of its roles. */
  #isReplaced(one: Assignment): boolean {
    const living = [...this.#wanted.values()].filter(({ board }) => this.#living.has(board));
    const same = living.filter(({ part }) => part === one.part);
    const heirs = same.length > 0 ? same : living.filter(other => one.kind === 'role' && sharesRole(one, other));
    return heirs.every(heir => this.#isReady(heir));
  }

  #welcome(one: Assignment): void {
    const before = this.#rows.get(one.process);
    if (before !== undefined && isSame(before, one)) {
      if (before.isLeaving) this.#put(one);
      return;
    }
    if (!this.#living.has(one.board)) return;
    if (this.#freeOn(one) < 0) this.#makeRoom(one.board);
    else if (before === undefined) this.#put(one);
    else if (this.#mayGoDown(before)) this.#changeInPlace(one);
  }

  /** Nobody serves in its place while it starts anew. */
  #changeInPlace(one: Assignment): void {
    this.#isOneDown = true;
    this.#put(one);
  }

  #makeRoom(board: string): void {
    const found = this.#gone().find(one => one.board === board && this.#mayGoDown(one));
    if (found === undefined) return;
    this.#isOneDown = true;
    this.#remove(found);
  }

  #mayGoDown(one: Assignment): boolean {
    return !this.#isOneDown && (this.#isCovered(one) || !this.#isPending());
  }

  /** Whether others serve all that a process serves. */
  #isCovered(one: Assignment): boolean {
    if (one.kind === 'front') return false;
    const others = [...this.#rows.values()].filter(
      other => other.process !== one.process && other.kind === 'role' && this.#isReady(other),
    );
    const serving = [...others, ...this.#input.outside] as readonly Pick<Assignment, 'roles'>[];
    const roles = one.roles.length === 0 ? ROLES : one.roles;
    return roles.every(role => serving.some(({ roles }) => doesRole(roles, role)));
  }

  /** Whether something has been told to start and has had no time for it. */
  #isPending(): boolean {
    const isYoung = (process: string) =>
      this.#fresh.has(process) || this.#input.changedFor(process) < LONGEST_FAREWELL_MS;
    return [...this.#rows.values()].some(
      one => !one.isLeaving && this.#living.has(one.board) && !this.#isReady(one) && isYoung(one.process),
    );
  }

  #isReady(one: Assignment): boolean {
    const row = this.#rows.get(one.process);
    const told = this.#living.get(one.board)?.processes.find(({ name }) => name === one.process);
    const isKnown = !this.#fresh.has(one.process) && this.#input.changedFor(one.process) >= REPORT_AGE_MS;
    return row !== undefined && isSame(row, one) && told?.state === 'ready' && isKnown;
  }

  /** What a board has left with a process in it, and what now stands at its place out of it. */
  #freeOn(one: Assignment): number {
    const board = this.#living.get(one.board);
    if (board === undefined) return -1;
    const beside = [...this.#rows.values()].filter(row => row.board === one.board && row.process !== one.process);
    const outside = this.#input.outside.filter(other => other.board === one.board);
    // Told to go, and not gone yet.
    const ending = board.processes.filter(({ name, state }) => state !== 'failed' && !this.#rows.has(name));
    const sizes = [
      ...beside.map(footprintOf),
      ...outside.map(({ memory }) => memory),
      ...ending.map(({ memory = LEAST_MEMORY }) => memory),
    ];
    return sizes.reduce((free, bytes) => free - bytes, capacityOf(board) - footprintOf(one));
  }

  #put(assignment: Assignment): void {
    this.#rows.set(assignment.process, assignment);
    if (!assignment.isLeaving) this.#fresh.add(assignment.process);
    this.#acts.push({ kind: 'put', assignment });
  }

  #remove({ process }: Assignment): void {
    this.#rows.delete(process);
    this.#acts.push({ kind: 'remove', process });
  }
}

function isSame(one: Assignment, other: Assignment): boolean {
  const { board, part, kind, roles, port, memory } = one;
  return (
    board === other.board &&
    part === other.part &&
    kind === other.kind &&
    port === other.port &&
    memory === other.memory &&
    roles.join() === other.roles.join()
  );
}

function sharesRole(one: Assignment, other: Assignment): boolean {
  return other.kind === 'role' && ROLES.some(role => doesRole(one.roles, role) && doesRole(other.roles, role));
}
