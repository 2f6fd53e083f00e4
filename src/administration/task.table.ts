import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

export const TASK_STATUSES = ['scheduled', 'active', 'complete', 'failed'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** `args`, `progress` and `result` are JSON. Times in milliseconds since the epoch. */
export interface TaskRow {
  readonly id: string;
  readonly action: string;
  /** What it is about: the ID of a room or a user. */
  readonly resource: string | null;
  readonly status: TaskStatus;
  readonly args: string;
  readonly progress: string;
  readonly result: string | null;
  readonly error: string | null;
  readonly created_ts: number;
  readonly changed_ts: number;
}

/** Which tasks are wanted. What is undefined does not matter. */
export interface TaskFilter {
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  readonly status?: TaskStatus | undefined;
  /** Changed before. */
  readonly before?: number | undefined;
}

const COLUMNS = sql`id, action, resource, status, args, progress, result, error, created_ts, changed_ts`;

export async function insertTask(tx: Tx, row: Omit<TaskRow, 'error' | 'changed_ts'>): Promise<void> {
  await tx.run(sql`insert into background_task (id, action, resource, status, args, progress, result, created_ts, changed_ts)
    values (${row.id}, ${row.action}, ${row.resource}, ${row.status}, ${row.args}, ${row.progress}, ${row.result},
      ${row.created_ts}, ${row.created_ts})`);
}

export function taskById(db: Queryable, id: string): Promise<TaskRow | undefined> {
  return db.get<TaskRow>(sql`select ${COLUMNS} from background_task where id = ${id}`);
}

/** Newest first. */
export function listTasks(db: Queryable, filter: TaskFilter, limit: number): Promise<TaskRow[]> {
  const all: Sql[] = [];
  if (filter.action !== undefined) all.push(sql`action = ${filter.action}`);
  if (filter.resource !== undefined) all.push(sql`resource = ${filter.resource}`);
  if (filter.status !== undefined) all.push(sql`status = ${filter.status}`);
  if (filter.before !== undefined) all.push(sql`changed_ts < ${filter.before}`);
  return db.all<TaskRow>(sql`select ${COLUMNS} from background_task where ${sql.all(all)}
    order by created_ts desc, id limit ${limit}`);
}

/** Those that are not over, oldest first. */
export function unfinishedTasks(db: Queryable, limit: number): Promise<TaskRow[]> {
  return db.all<TaskRow>(sql`select ${COLUMNS} from background_task where status in ('scheduled', 'active')
    order by created_ts, id limit ${limit}`);
}

export async function setTaskProgress(
  tx: Tx,
  id: string,
  moved: { readonly status: TaskStatus; readonly progress: string; readonly error: string | null; readonly ts: number },
): Promise<void> {
  await tx.run(sql`update background_task set status = ${moved.status}, progress = ${moved.progress},
    error = ${moved.error}, changed_ts = ${moved.ts} where id = ${id}`);
}

export async function setTaskResult(tx: Tx, id: string, result: string): Promise<void> {
  await tx.run(sql`update background_task set result = ${result} where id = ${id}`);
}

/** Forgets tasks that were over before a time. */
export async function pruneTasks(tx: Tx, before: number): Promise<number> {
  return tx.run(sql`delete from background_task where status in ('complete', 'failed') and changed_ts < ${before}`);
}
