import assert from 'node:assert/strict';
import type { Assignment, Board } from '../../src/cluster/boards/board.ts';
import { doesRole, footprintOf, MIB } from '../../src/cluster/placement/budget.ts';
import type { Desired } from '../../src/cluster/placement/desired.ts';
import { place } from '../../src/cluster/placement/place.ts';
import { LONGEST_FAREWELL_MS, step } from '../../src/cluster/placement/step.ts';
import { ROLES, type Role } from '../../src/cluster/roles.ts';
import { placing } from './boards.ts';

export const ROUND_MS = 2000;
/** How long a process takes until it is ready, and until it has gone. */
const STARTING_MS = 5000;
const ENDING_MS = 4000;

/** Boards whose agents do what they are told, in their own time. */
export class BoardWorld {
  boards: readonly Board[];
  desired: Desired = {};
  rows: Assignment[] = [];
  connections = 100;
  now = 0;
  /** Processes that never become ready. */
  readonly failing = new Set<string>();
  readonly #changed = new Map<string, number>();
  readonly #leaving = new Map<string, number>();
  readonly #running = new Map<string, { board: string; until: number; started: number; spec: string; bytes: number }>();

  constructor(boards: readonly Board[]) {
    this.boards = boards;
  }

  /** What is asked of placement, but for what runs. */
  get placing() {
    return { desired: this.desired, settings: { memory: 256 * MIB, connections: this.connections } };
  }

  /** One round of the loop, two seconds; how much of it there was to do. */
  round(): number {
    this.#obey();
    const seen = this.boards.map(board => ({ ...board, processes: board.isAlive ? this.#told(board.name) : [] }));
    const input = placing(seen, { ...this.placing, current: this.rows });
    const acts = step({
      ...{ placement: place(input), current: this.rows, boards: seen, outside: [] },
      leavingFor: name => this.now - (this.#leaving.get(name) ?? this.now),
      changedFor: name => this.now - (this.#changed.get(name) ?? Number.NEGATIVE_INFINITY),
    });
    for (const act of acts) {
      const name = act.kind === 'put' ? act.assignment.process : act.process;
      this.rows = this.rows.filter(({ process }) => process !== name);
      if (act.kind === 'remove') continue;
      this.rows.push(act.assignment);
      if (act.assignment.isLeaving) this.#leaving.set(name, this.now);
      else this.#changed.set(name, this.now);
    }
    this.now += ROUND_MS;
    return acts.length;
  }

  /** Rounds until nothing happens any more; `check` after each. */
  settle(check: () => void = () => undefined): number {
    for (let rounds = 1, quiet = 0; ; rounds++) {
      quiet = this.round() === 0 ? quiet + 1 : 0;
      check();
      if (quiet > LONGEST_FAREWELL_MS / ROUND_MS) return rounds - quiet;
      assert.ok(rounds < 500, 'it comes to no end');
    }
  }

  /** Roles that a process serves now which was ready, and still is what it was. */
  get served(): Role[] {
    const ready = [...this.#running].filter(([name]) => this.#isReady(name));
    const roles = ready.map(([, { spec }]) => JSON.parse(spec)[0] as Role[]);
    return ROLES.filter(role => roles.some(some => doesRole(some, role)));
  }

  bytesOn(board: string): number {
    return [...this.#running.values()].reduce((sum, one) => sum + (one.board === board ? one.bytes : 0), 0);
  }

  get names(): string[] {
    return this.rows.map(({ process }) => process).toSorted();
  }

  /** Agents hear of what was said a round before. */
  #obey(): void {
    const living = new Set(this.boards.filter(({ isAlive }) => isAlive).map(({ name }) => name));
    for (const [name, one] of this.#running) {
      const isWanted = this.rows.some(({ process }) => process === name);
      if (!isWanted && one.until === Number.POSITIVE_INFINITY) one.until = this.now + ENDING_MS;
      if (!living.has(one.board) || one.until <= this.now) this.#running.delete(name);
    }
    for (const row of this.rows.filter(({ board }) => living.has(board))) {
      const spec = JSON.stringify([row.roles, row.memory, row.port]);
      if (this.#running.get(row.process)?.spec === spec) continue;
      const life = { board: row.board, started: this.now, until: Number.POSITIVE_INFINITY, spec };
      this.#running.set(row.process, { ...life, bytes: footprintOf(row) });
    }
  }

  #isReady(name: string): boolean {
    const one = this.#running.get(name);
    return one !== undefined && this.now - one.started >= STARTING_MS && !this.failing.has(name);
  }

  #told(board: string): Board['processes'] {
    return [...this.#running].flatMap(([name, one]) => {
      if (one.board !== board) return [];
      const state = Number.isFinite(one.until) ? 'draining' : this.#isReady(name) ? 'ready' : 'starting';
      return [{ name, state, since: 0, restarts: 0, memory: one.bytes } as const];
    });
  }
}
