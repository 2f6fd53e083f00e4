import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Moment } from '../process.table.ts';
import type { Role } from '../roles.ts';
import type { Assignment } from './board.ts';

interface StoredAssignment {
  readonly process: string;
  readonly board: string;
  readonly part: string;
  readonly kind: Assignment['kind'];
  readonly roles: string;
  readonly port: number;
  readonly memory: number;
  readonly is_leaving: number;
}

const columns = sql`process, board, part, kind, roles, port, memory, is_leaving`;

/** What runs where, by name; of one board where one is named. */
export async function allAssignments(db: Queryable, board?: string): Promise<Assignment[]> {
  const ofBoard = board === undefined ? sql.empty : sql`where board = ${board}`;
  const rows = await db.all<StoredAssignment>(
    sql`select ${columns} from cluster_assignment ${ofBoard} order by process`,
  );
  return rows.map(({ is_leaving, roles, ...row }) => ({
    ...row,
    roles: roles === '' ? [] : (roles.split(',') as Role[]),
    isLeaving: is_leaving === 1,
  }));
}

export async function putAssignment(tx: Tx, assignment: Assignment, now: Moment): Promise<void> {
  const { process, board, part, kind, roles, port, memory, isLeaving } = assignment;
  await tx.run(sql`insert into cluster_assignment (${columns}, since_ts)
    values (${process}, ${board}, ${part}, ${kind}, ${roles.join(',')}, ${port}, ${memory}, ${isLeaving ? 1 : 0}, ${now})
    on conflict (process) do update set board = excluded.board, part = excluded.part, kind = excluded.kind,
      roles = excluded.roles, port = excluded.port, memory = excluded.memory, is_leaving = excluded.is_leaving`);
}

export async function removeAssignment(tx: Tx, process: string): Promise<void> {
  await tx.run(sql`delete from cluster_assignment where process = ${process}`);
}

/** What the operator wants, as JSON; undefined where nobody said anything. */
export async function readDesired(db: Queryable): Promise<string | undefined> {
  return (await db.get<{ desired: string }>(sql`select desired from cluster_desired where id = 1`))?.desired;
}

export async function putDesired(tx: Tx, desired: string, now: Moment): Promise<void> {
  await tx.run(sql`insert into cluster_desired (id, desired, applied_ts) values (1, ${desired}, ${now})
    on conflict (id) do update set desired = excluded.desired, applied_ts = excluded.applied_ts`);
}

/** Back to what Copse would do by itself. */
export async function forgetDesired(tx: Tx): Promise<void> {
  await tx.run(sql`delete from cluster_desired`);
}

/** How often the settings of the server have changed; 0 until somebody has said it. */
export async function settingsNumber(db: Queryable): Promise<number> {
  const row = await db.get<{ version: number }>(sql`select version from cluster_change where id = ${SETTINGS}`);
  return row?.version ?? 0;
}

export async function putSettingsNumber(tx: Tx, number: number): Promise<void> {
  await tx.run(sql`insert into cluster_change (id, version) values (${SETTINGS}, ${number})
    on conflict (id) do update set version = excluded.version`);
}

/** Beside the number of changes of processes (`process.table.ts`). */
const SETTINGS = 2;
