import type { Database, Queryable, Tx } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { sql } from '../db/sql.ts';

/** Milliseconds since 1970: a number, or what the database takes for the time. */
export type Moment = number | Sql;

/** The time by the database's clock, the only one that all processes have in common. */
export function databaseTime({ dialect }: Pick<Database, 'dialect'>): Sql {
  return dialect === 'sqlite'
    ? sql`cast(unixepoch('now', 'subsec') * 1000 as integer)`
    : sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
}

/** A moment some milliseconds later. */
export function after(now: Moment, ms: number): Sql {
  return sql`cast(${now} as bigint) + cast(${ms} as bigint)`;
}

/** A process that shares the database. */
export interface ProcessRow {
  /** Of this life of the process: never given twice. */
  readonly nid: number;
  readonly name: string;
  /** Where it listens, for those in front of it. */
  readonly address: string | null;
  /** What it does; empty: everything. */
  readonly roles: readonly string[];
  readonly started_ts: number;
  /** The names of the leases that it would take. */
  readonly offers: readonly string[];
  /** It is about to end: nothing new is to be sent to it. */
  readonly isDraining: boolean;
}

/** As it lies there: roles with commas between them, offers as JSON, 1 for true. */
type StoredProcess = Omit<ProcessRow, 'roles' | 'offers' | 'isDraining'> & {
  readonly roles: string;
  readonly offers: string;
  readonly draining: number;
};

export async function insertProcess(
  tx: Tx,
  process: Pick<ProcessRow, 'name' | 'address' | 'roles' | 'offers'>,
  now: Moment,
  lifeMs: number,
): Promise<number> {
  const { name, address, roles, offers } = process;
  const row = await tx.get<{
    nid: number;
  }>(sql`insert into cluster_process (name, address, roles, until, started_ts, offers)
    values (${name}, ${address}, ${roles.join(',')}, ${after(now, lifeMs)}, ${now}, ${JSON.stringify(offers)}) returning nid`);
  if (row === undefined) throw new Error('a process has no number');
  await tx.run(sql`delete from cluster_departed where name = ${name}`);
  await countChange(tx);
  return row.nid;
}

/** Says to all processes that something has changed which they look at. To be done last: the row is locked until the end. */
export async function countChange(tx: Tx): Promise<void> {
  await tx.run(sql`update cluster_change set version = version + 1 where id = 1`);
}

/** How often something has changed of the processes and of what they do. */
export async function clusterVersion(db: Queryable): Promise<number> {
  const row = await db.get<{ version: number }>(sql`select version from cluster_change where id = 1`);
  return row?.version ?? 0;
}

/**
 * The process says that it lives; `isNews`: and something about itself that it has not said before. False when others held it
 * for dead and have taken what it held.
 */
export async function keepProcess(
  tx: Tx,
  nid: number,
  { address, offers, isDraining }: Pick<ProcessRow, 'address' | 'offers' | 'isDraining'>,
  isNews: boolean,
  now: Moment,
  lifeMs: number,
): Promise<boolean> {
  const kept = await tx.run(sql`update cluster_process
    set until = ${after(now, lifeMs)}, address = ${address}, offers = ${JSON.stringify(offers)},
      draining = ${isDraining ? 1 : 0} where nid = ${nid}`);
  if (isNews) await countChange(tx);
  return kept === 1;
}

/** Those that live, in the order in which they came. */
export async function livingProcesses(db: Queryable, now: Moment): Promise<ProcessRow[]> {
  return processesThat(db, sql`until > ${now}`);
}

/** Those that live, and those that are silent and have not been taken away yet. */
export async function allProcesses(db: Queryable): Promise<ProcessRow[]> {
  return processesThat(db, sql`1 = 1`);
}

async function processesThat(db: Queryable, condition: Sql): Promise<ProcessRow[]> {
  const rows = await db.all<StoredProcess>(sql`select nid, name, address, roles, started_ts, offers, draining
    from cluster_process where ${condition} order by nid`);
  return rows.map(({ draining, ...row }) => ({
    ...row,
    roles: row.roles === '' ? [] : row.roles.split(','),
    offers: JSON.parse(row.offers) as string[],
    isDraining: draining === 1,
  }));
}

/** Those that have not said for too long that they live. */
export async function silentProcesses(db: Queryable, now: Moment): Promise<{ nid: number; name: string }[]> {
  return db.all<{ nid: number; name: string }>(sql`select nid, name from cluster_process
    where until <= ${now} order by nid`);
}

/**
 * Takes away everything that a process holds; from then on nothing that it writes is taken. False where it lives after
 * all, or where a transaction of it is still under way: the database ends that in a few seconds.
 */
export async function removeProcess(
  tx: Tx,
  db: Pick<Database, 'dialect'>,
  nid: number,
  now?: Moment,
): Promise<boolean> {
  if (db.dialect === 'postgres') {
    // See `PostgresDatabase.fence`: each of its transactions holds the same lock, shared.
    const lock = await tx.get<{ free: boolean }>(
      sql`select pg_try_advisory_xact_lock(${FENCE}::int, ${nid}::int) as free`,
    );
    if (lock?.free !== true) return false;
  }
  const isSilent = now === undefined ? sql.empty : sql`and until <= ${now}`;
  const gone = await tx.get<Pick<StoredProcess, 'name' | 'address' | 'roles'>>(
    sql`delete from cluster_process where nid = ${nid} ${isSilent} returning name, address, roles`,
  );
  if (gone === undefined) return false;
  await tx.run(sql`delete from cluster_lease where process_nid = ${nid}`);
  if (now !== undefined) await noteDeparted(tx, gone, now);
  await countChange(tx);
  return true;
}

/** One that lives under the same name has taken its place already. */
async function noteDeparted(
  tx: Tx,
  { name, address, roles }: Pick<StoredProcess, 'name' | 'address' | 'roles'>,
  now: Moment,
): Promise<void> {
  await tx.run(sql`insert into cluster_departed (name, address, roles, ts)
    select ${name}, ${address}, ${roles}, ${after(now, 0)}
    where not exists (select 1 from cluster_process where name = ${name})
    on conflict (name) do update set ts = excluded.ts, roles = excluded.roles, address = excluded.address`);
  await tx.run(sql`delete from cluster_departed where ts < ${after(now, -REMEMBERED_MS)}`);
}

/** Whoever has been away for so long is not waited for any more. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** Processes that were held for dead and have not come back. */
export async function departedProcesses(db: Queryable): Promise<{ name: string; roles: string[]; ts: number }[]> {
  const rows = await db.all<{ name: string; roles: string; ts: number }>(
    sql`select name, roles, ts from cluster_departed order by ts desc limit 20`,
  );
  return rows.map(row => ({ ...row, roles: row.roles === '' ? [] : row.roles.split(',') }));
}

/** The first number of the advisory locks of processes. */
const FENCE = 7230103;

/** Whether a transaction belongs to a process that lives: said at its beginning, true until its end. */
export function fenceText(nid: number): string {
  return `select pg_advisory_xact_lock_shared(${FENCE}, ${nid}); select 1 from cluster_process where nid = ${nid}`;
}
