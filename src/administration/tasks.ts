import { sleep } from '../base/clock.ts';
import { randomLetters } from '../base/random.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Bus } from '../bus/bus.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { type Database, DatabaseUnavailableError } from '../db/database.ts';
import {
  insertTask,
  listTasks,
  pruneTasks,
  setTaskProgress,
  setTaskResult,
  type TaskFilter,
  type TaskRow,
  type TaskStatus,
  taskById,
  unfinishedTasks,
} from './task.table.ts';

export { TASK_STATUSES, type TaskFilter, type TaskStatus } from './task.table.ts';

/** Work that is too long for a request. */
export interface Task {
  readonly id: string;
  readonly action: string;
  readonly resource: string | undefined;
  readonly status: TaskStatus;
  readonly args: JsonObject;
  /** Where the work is. */
  readonly progress: JsonObject;
  /** What came of it so far. */
  readonly result: JsonObject;
  /** Why it failed. */
  readonly error: string | undefined;
  readonly createdTs: number;
  /** When it was last worked on. */
  readonly changedTs: number;
}

/** What a step leaves. `result` is written only where it is another object than before. */
export interface TaskStep {
  readonly isDone: boolean;
  readonly progress: JsonObject;
  readonly result: JsonObject;
  /** Milliseconds until it makes sense to go on. */
  readonly wait?: number;
}

/** Does a task in steps. A step is small, and may be done twice: the process may stop before its end was noted. */
export interface TaskRunner {
  /** @throws MatrixError when the task cannot be done: it has failed then */
  step(task: Task): Promise<TaskStep>;
}

export interface TasksParts extends Surroundings {
  readonly db: Database;
  readonly bus: Bus;
  readonly runners: Readonly<Record<string, TaskRunner>>;
}

/** What is worked on in turns; the others wait for one of these to end. */
const AT_ONCE = 8;
const MOST_LISTED = 1000;
/** The bus subject on which is told that there is a new task. */
const TASKS_SUBJECT = 'administration.tasks';
/** The bus may lose a message. */
const LOOK_ANYWAY_MS = 60_000;
const AFTER_FAILURE_MS = 2000;
const MOST_FAILURES = 5;
const KEPT_MS = 7 * 24 * 3_600_000;

/**
 * Does the long work of administrators: each task a step at a time in turns, so that a big one holds up no small one,
 * with a pause as long as each step was, so that both together hold up nobody else.
 */
export class Tasks {
  readonly #parts: TasksParts;
  readonly #failures = new Map<string, number>();
  readonly #waiting = new Map<string, number>();
  #woken = new AbortController();

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** Writes a task down and begins with it soon. */
  async schedule(action: string, resource: string | undefined, args: JsonObject, result: JsonObject): Promise<Task> {
    const { db, clock, random } = this.#parts;
    if (!Object.hasOwn(this.#parts.runners, action)) throw new Error(`nobody does tasks of the kind ${action}`);
    const row = {
      id: randomLetters(random, 16),
      action,
      resource: resource ?? null,
      status: 'scheduled',
      args: JSON.stringify(args),
      progress: '{}',
      result: JSON.stringify(result),
      created_ts: clock.now(),
    } as const;
    await db.tx(async tx => {
      await insertTask(tx, row);
      tx.afterCommit(() => this.#parts.bus.publish(TASKS_SUBJECT));
    });
    return asTask({ ...row, error: null, changed_ts: row.created_ts });
  }

  async find(id: string): Promise<Task | undefined> {
    const row = await taskById(this.#parts.db, id);
    return row === undefined ? undefined : asTask(row);
  }

  /** Newest first, at most a thousand. */
  async list(filter: TaskFilter): Promise<Task[]> {
    return (await listTasks(this.#parts.db, filter, MOST_LISTED)).map(asTask);
  }

  /** Resolves with the task once it is over, or as it is when `signal` aborts. */
  async finished(id: string, signal: AbortSignal): Promise<Task | undefined> {
    for (;;) {
      const task = await this.find(id);
      if (task === undefined || isOver(task) || signal.aborted) return task;
      await sleep(this.#parts.clock, 200, signal);
    }
  }

  /** Works until `signal` aborts; what is under way then is taken up at the next start. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.#parts;
    using _ = bus.subscribe(TASKS_SUBJECT, () => this.#woken.abort());
    using __ = bus.missed(() => this.#woken.abort());
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const idle = await this.round(signal).catch((error: unknown) => {
        log.warn('The tasks of administrators could not be read; it is tried again.', { err: error });
        return AFTER_FAILURE_MS;
      });
      if (idle > 0) await sleep(clock, idle, AbortSignal.any([signal, this.#woken.signal]));
    }
  }

  /** A step of each task that is due. Answers how long there is nothing to do, in milliseconds. */
  async round(signal: AbortSignal): Promise<number> {
    const { db, clock } = this.#parts;
    const tasks = (await unfinishedTasks(db, AT_ONCE)).map(asTask);
    let idle = LOOK_ANYWAY_MS;
    for (const task of tasks) {
      if (signal.aborted) return 0;
      const began = clock.monotonic();
      const due = this.#waiting.get(task.id) ?? began;
      if (due <= began) await this.#work(task);
      const now = clock.monotonic();
      const next = this.#waiting.get(task.id) ?? now;
      idle = Math.min(idle, Math.max(0, next - now));
      if (due <= began) await sleep(clock, now - began, signal);
    }
    return idle;
  }

  async #work(task: Task): Promise<void> {
    this.#waiting.delete(task.id);
    try {
      const step = await this.#runner(task).step(task);
      this.#failures.delete(task.id);
      await this.#note(task, step);
      if (step.wait !== undefined) this.#waiting.set(task.id, this.#parts.clock.monotonic() + step.wait);
    } catch (error) {
      await this.#failed(task, error);
    }
  }

  #runner({ action }: Task): TaskRunner {
    const runner = Object.hasOwn(this.#parts.runners, action) ? this.#parts.runners[action] : undefined;
    if (runner === undefined)
      throw new MatrixError('M_UNRECOGNIZED', `This version knows no tasks of the kind ${action}.`);
    return runner;
  }

  async #note(task: Task, { isDone, progress, result }: TaskStep): Promise<void> {
    const { db, clock } = this.#parts;
    const status = isDone ? 'complete' : 'active';
    await db.tx(async tx => {
      const moved = { status, progress: JSON.stringify(progress), error: null, ts: clock.now() } as const;
      await setTaskProgress(tx, task.id, moved);
      if (result !== task.result) await setTaskResult(tx, task.id, JSON.stringify(result));
    });
  }

  /** What the rules refuse fails at once; anything else is tried again some times. */
  async #failed(task: Task, error: unknown): Promise<void> {
    if (error instanceof DatabaseUnavailableError) throw error;
    const { db, clock, log } = this.#parts;
    const failures = (this.#failures.get(task.id) ?? 0) + 1;
    this.#failures.set(task.id, failures);
    this.#waiting.set(task.id, clock.monotonic() + AFTER_FAILURE_MS);
    log.warn('A task of an administrator failed.', { task: task.id, action: task.action, failures, err: error });
    if (!(error instanceof MatrixError) && failures < MOST_FAILURES) return;
    this.#failures.delete(task.id);
    const reason = error instanceof MatrixError ? error.message : `It failed ${failures} times: ${String(error)}`;
    const moved = {
      status: 'failed',
      progress: JSON.stringify(task.progress),
      error: reason,
      ts: clock.now(),
    } as const;
    await db.tx(tx => setTaskProgress(tx, task.id, moved));
  }

  /** Forgets what was over a week ago. */
  async tidy(): Promise<void> {
    const { db, clock } = this.#parts;
    await db.tx(tx => pruneTasks(tx, clock.now() - KEPT_MS));
  }
}

export function isOver({ status }: Task): boolean {
  return status === 'complete' || status === 'failed';
}

function asTask(row: TaskRow): Task {
  return {
    id: row.id,
    action: row.action,
    resource: row.resource ?? undefined,
    status: row.status,
    args: JSON.parse(row.args) as JsonObject,
    progress: JSON.parse(row.progress) as JsonObject,
    result: JSON.parse(row.result ?? '{}') as JsonObject,
    error: row.error ?? undefined,
    createdTs: row.created_ts,
    changedTs: row.changed_ts,
  };
}
