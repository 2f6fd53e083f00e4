import type { Clock, Timer } from '../base/clock.ts';
import { KeyedQueue } from '../base/keyed-queue.ts';
import type { Log } from '../base/log.ts';
import type { Database, Tx } from '../db/database.ts';
import {
  type AccountTaskKind,
  type AccountTaskRow,
  accountTask,
  accountTasks,
  deleteAccountTask,
  insertAccountTask,
} from './account-task.table.ts';

/** Tasks that failed are tried again this often; a round costs one query when there are none. */
const AGAIN_MS = 60_000;

/** Does the task. It may be done twice. */
export type AccountTaskRunner = (userNid: number, kind: AccountTaskKind) => Promise<void>;

/**
 * Work in rooms that follows a change of an account. It is written down in the transaction of the change and done
 * after it, again and again until it succeeds, also by the next process.
 */
export class AccountTasks {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #run: AccountTaskRunner;
  /** The tasks of a user run one after the other: leaving must not overtake a change of profile. */
  readonly #queue = new KeyedQueue();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(db: Database, clock: Clock, log: Log, run: AccountTaskRunner) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#run = run;
  }

  /** Asks for a task. What is asked for twice before it runs is done once. */
  async schedule(tx: Tx, userNid: number, kind: AccountTaskKind): Promise<void> {
    await insertAccountTask(tx, userNid, kind);
    tx.afterCommit(() => this.#enqueue(userNid, kind));
  }

  /** Takes up what was left, and from then on what fails. */
  async start(): Promise<void> {
    try {
      for (const { user_nid, kind } of await accountTasks(this.#db)) this.#enqueue(user_nid, kind);
    } catch (error) {
      this.#log.warn('The tasks of accounts could not be read; they are tried again in a minute.', { err: error });
    }
    if (!this.#isStopped) this.#timer = this.#clock.after(AGAIN_MS, () => void this.start());
  }

  #enqueue(userNid: number, kind: AccountTaskKind): void {
    this.#queue
      .run(String(userNid), () => this.#perform(userNid, kind))
      .catch(error =>
        this.#log.warn('A task of an account failed; it will be tried again.', { user_nid: userNid, kind, err: error }),
      );
  }

  async #perform(userNid: number, kind: AccountTaskKind): Promise<void> {
    for (;;) {
      const row: AccountTaskRow | undefined = await accountTask(this.#db, userNid, kind);
      if (row === undefined || this.#isStopped) return;
      await this.#run(userNid, kind);
      if (await this.#db.tx(tx => deleteAccountTask(tx, row))) return;
    }
  }

  /** Resolves when everything asked for so far has been tried. */
  idle(): Promise<void> {
    return this.#queue.drain();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#queue.drain();
  }
}
