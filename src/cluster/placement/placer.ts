import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Database } from '../../db/database.ts';
import { putAssignment, removeAssignment } from '../boards/assignment.table.ts';
import { type Assignment, REPORT_EVERY_MS } from '../boards/board.ts';
import { databaseTime, type Moment } from '../process.table.ts';
import { withCutOff } from './cut-off.ts';
import { giveUpBoard, takeBoardBack } from './given-up.table.ts';
import { look, type Seen } from './look.ts';
import type { PlacementSettings } from './parts.ts';
import { place } from './place.ts';
import { judgeSilence, type Verdict } from './silence.ts';
import { type Act, step } from './step.ts';

export interface PlacerParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: PlacementSettings;
  /** For tests: what time it is for all processes; else the database says. */
  readonly now?: () => Moment;
}

/**
 * Looks every two seconds what shall run where, and says so to the agents by way of the database, a step at a time. One
 * process does so, by lease. What it remembers is only since when something is as it is: another one that goes on in its
 * place waits a little longer, and comes to the same.
 */
export class Placer {
  readonly #parts: PlacerParts;
  readonly #unheard = new Since<string>();
  readonly #dead = new Since<string>();
  readonly #leaving = new Since<string>();
  readonly #changed = new Map<string, number>();
  #told = '';

  constructor(parts: PlacerParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      await this.round().catch((error: unknown) =>
        log.warn('What runs where could not be looked after.', { err: error }),
      );
      await sleep(clock, REPORT_EVERY_MS, signal);
    }
  }

  /** One step. Nothing is done while too many boards are silent. */
  async round(): Promise<readonly Act[]> {
    const { db, clock, settings } = this.#parts;
    const seen = await look(db, this.#moment(), settings);
    if (seen === undefined) return [];
    if (seen.begun.length > 0) return this.#admit(seen.begun);
    const now = clock.monotonic();
    this.#unheard.keep(seen.unheard, now);
    const boards = withCutOff({ ...seen, unheardFor: board => this.#unheard.since(board, now) });
    this.#dead.keep(
      boards.flatMap(({ name, isAlive }) => (isAlive ? [] : [name])),
      now,
    );
    this.#leaving.keep(
      seen.current.flatMap(({ process, isLeaving }) => (isLeaving ? [process] : [])),
      now,
    );
    const verdict = judgeSilence({ ...seen, boards, deadFor: board => this.#dead.since(board, now) });
    const acts = verdict.pause === undefined ? this.#acts(seen, verdict, now) : [];
    await this.#write(verdict, acts);
    for (const act of acts)
      if (act.kind === 'put' && !act.assignment.isLeaving) this.#changed.set(act.assignment.process, now);
    return acts;
  }

  /** The next step goes on from there. */
  async #admit(first: readonly Assignment[]): Promise<readonly Act[]> {
    await this.#parts.db.tx(async tx => {
      for (const one of first) await putAssignment(tx, one, this.#moment());
    });
    return first.map(assignment => ({ kind: 'put', assignment }));
  }

  #acts(seen: Seen, { boards }: Verdict, now: number): Act[] {
    const { settings } = this.#parts;
    const input = { ...seen, boards, settings };
    const placement = place(input);
    this.#tell(placement.faults);
    return step({
      ...{ placement, boards, current: seen.current, outside: seen.outside },
      leavingFor: process => this.#leaving.since(process, now),
      changedFor: process => now - (this.#changed.get(process) ?? Number.NEGATIVE_INFINITY),
    });
  }

  async #write({ boards, lost, back, pause }: Verdict, acts: readonly Act[]): Promise<void> {
    const { db, log } = this.#parts;
    if (pause !== undefined) this.#tell([pause]);
    if (acts.length + lost.length + back.length === 0) return;
    await db.tx(async tx => {
      for (const board of lost) await giveUpBoard(tx, board, this.#moment());
      for (const board of back) await takeBoardBack(tx, board);
      for (const act of acts)
        if (act.kind === 'put') await putAssignment(tx, act.assignment, this.#moment());
        else await removeAssignment(tx, act.process);
    });
    for (const { name, isCutOff } of boards.filter(({ name }) => lost.includes(name)))
      log.warn(`A board is ${isCutOff ? 'cut off from the database' : 'dead'}. What it ran goes elsewhere.`, {
        board: name,
      });
    for (const board of back) log.info('A board is back.', { board });
    for (const act of acts) log.info(...wordsOf(act));
  }

  /** What cannot be as it is wanted, whenever it is something else. */
  #tell(faults: readonly string[]): void {
    const text = faults.join('\n');
    if (text !== this.#told) for (const fault of faults) this.#parts.log.warn(`Placement: ${fault}`);
    this.#told = text;
  }

  #moment(): Moment {
    return this.#parts.now?.() ?? databaseTime(this.#parts.db);
  }
}

function wordsOf(act: Act): [string, Record<string, unknown>] {
  if (act.kind === 'remove') return ['A process shall end.', { process: act.process }];
  const { process, board, roles, memory, isLeaving } = act.assignment;
  return [isLeaving ? 'A process is replaced.' : 'A process shall run.', { process, board, roles, memory }];
}

/** Since when something is so. */
class Since<K> {
  readonly #since = new Map<K, number>();

  /** These are so now, and no others. */
  keep(all: readonly K[], now: number): void {
    const kept = new Set(all);
    for (const key of this.#since.keys()) if (!kept.has(key)) this.#since.delete(key);
    for (const key of kept) if (!this.#since.has(key)) this.#since.set(key, now);
  }

  /** For how long; 0 where it is not so. */
  since(key: K, now: number): number {
    return now - (this.#since.get(key) ?? now);
  }
}
