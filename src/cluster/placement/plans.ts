import { MatrixError } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import { forgetDesired, putDesired, readDesired } from '../boards/assignment.table.ts';
import type { Assignment, BoardProcess } from '../boards/board.ts';
import { databaseTime, type Moment } from '../process.table.ts';
import { probesOn, withCutOff } from './cut-off.ts';
import type { Desired } from './desired.ts';
import { look, type Seen } from './look.ts';
import { type PlacementSettings, partsOf } from './parts.ts';
import { type Placement, place } from './place.ts';
import { type Change, changesTo } from './plan-text.ts';
import { judgeSilence } from './silence.ts';

/** The way from what is to run now to what shall. */
export interface Plan {
  readonly boards: number;
  readonly changes: readonly Change[];
  /** What cannot be as it is wanted, for people. */
  readonly faults: readonly string[];
  /** Why nothing is moved now, for people. */
  readonly pause?: string;
}

/** A process that is to run, and how it is. */
export interface PlacedProcess extends Assignment {
  /** `unknown` where its board is silent, `not started` where its agent has not. */
  readonly state: BoardProcess['state'] | 'not started' | 'unknown';
  /** How often its agent has started it again. */
  readonly restarts: number;
  /** Why it failed, for people. */
  readonly reason?: string;
}

export interface PlansParts {
  readonly db: Database;
  readonly settings: PlacementSettings;
  /** For tests: what time it is for all processes; else the database says. */
  readonly now?: () => Moment;
}

/** What operators ask of placement. The loop of the process that has the lease acts on what they say. */
export class Plans {
  readonly #parts: PlansParts;

  constructor(parts: PlansParts) {
    this.#parts = parts;
  }

  /** As it would be with these wishes; without, with those that are in force. @throws MatrixError where there are no boards */
  async plan(desired?: Desired): Promise<Plan> {
    return this.#planOf(await this.#look(), desired);
  }

  /** From now on these are the wishes, and no others. @throws MatrixError where there are no boards, or a part has nobody */
  async apply(desired: Desired): Promise<Plan> {
    const seen = await this.#look();
    const plan = this.#planOf(seen, desired);
    await this.#keep(desired);
    return plan;
  }

  /** Back to what Copse does by itself. */
  async forget(): Promise<Plan> {
    const seen = await this.#look();
    await this.#parts.db.tx(tx => forgetDesired(tx));
    return this.#planOf(seen, {});
  }

  /** So many processes for a part. @throws MatrixError M_NOT_FOUND where there is no such part */
  async scale(part: string, count: number): Promise<Plan> {
    const seen = await this.#look();
    const { parts } = partsOf({ ...seen, settings: this.#parts.settings });
    const names = parts.filter(({ kind }) => kind === 'role').map(({ name }) => name);
    if (!names.includes(part))
      throw new MatrixError('M_NOT_FOUND', `There is no part ${part}. The parts are ${names.join(', ')}.`);
    const text = await readDesired(this.#parts.db);
    const desired = text === undefined ? {} : (JSON.parse(text) as Desired);
    const scaled: Desired = { ...desired, counts: { ...desired.counts, [part]: count } };
    await this.#keep(scaled);
    return this.#planOf(seen, scaled);
  }

  async processes(): Promise<PlacedProcess[]> {
    const { boards, current } = await this.#look();
    return current.map(one => {
      const board = boards.find(({ name }) => name === one.board);
      const told = board?.processes.find(({ name }) => name === one.process);
      const { state = 'not started', restarts = 0, reason } = told ?? {};
      const isKnown = board?.isAlive === true;
      return { ...one, state: isKnown ? state : 'unknown', restarts, ...(reason !== undefined && { reason }) };
    });
  }

  /** What is wrong, for the status; nothing where there are no boards. */
  async faults(): Promise<readonly string[]> {
    const seen = await look(this.#parts.db, this.#moment(), this.#parts.settings);
    if (seen === undefined) return [];
    const { pause, faults } = this.#planOf(seen);
    return pause === undefined ? faults : [pause, ...faults];
  }

  #planOf(seen: Seen, desired: Desired = seen.desired): Plan {
    const judged = withCutOff({ ...seen, unheardFor: () => 0 });
    const { boards, pause } = judgeSilence({ ...seen, boards: judged, deadFor: () => 0 });
    const placement: Placement = place({ ...seen, boards, desired, settings: this.#parts.settings });
    const wanted = new Set([...placement.assignments, ...placement.waiting].map(({ process }) => process));
    const probes = probesOn(boards, { current: seen.current, wanted });
    const current = seen.current.filter(one => !probes.includes(one));
    const leaving = new Set(seen.current.flatMap(({ process, isLeaving }) => (isLeaving ? [process] : [])));
    // What is on its way out already is no news, unless it stays after all.
    const isNews = ({ kind, process }: Change) => kind !== 'stop' || !leaving.has(process);
    return {
      boards: seen.boards.length,
      changes: changesTo(placement, current).filter(isNews),
      faults: placement.faults,
      ...(pause !== undefined && { pause }),
    };
  }

  async #look(): Promise<Seen> {
    const seen = await look(this.#parts.db, this.#moment(), this.#parts.settings);
    if (seen !== undefined) return seen;
    const words =
      'This server has no boards, so nothing is placed: `copse token` and `copse join` make some (docs/cluster.md).';
    throw new MatrixError('M_BAD_STATE', words, { status: 409 });
  }

  async #keep(desired: Desired): Promise<void> {
    await this.#parts.db.tx(tx => putDesired(tx, JSON.stringify(desired), this.#moment()));
  }

  #moment(): Moment {
    return this.#parts.now?.() ?? databaseTime(this.#parts.db);
  }
}
