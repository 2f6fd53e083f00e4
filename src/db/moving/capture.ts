import type { Database, Queryable, Tx } from '../database.ts';
import { type Dialect, type Sql, sql } from '../sql.ts';
import { type Key, keyFromText } from './moved-rows.ts';
import type { MovedTable } from './moved-tables.ts';

/** What a database is in a move: see the migration that makes the table. */
export type Role = 'source' | 'leaving' | 'left' | 'filling';

export interface MoveRow {
  readonly move_id: string;
  readonly role: Role;
  readonly server_name: string;
}

/** What a program is told that writes to a database which is not in use any more. */
const MOVED_AWAY = 'this database was moved to another one, and takes no more writes';

export function moveOf(db: Queryable): Promise<MoveRow | undefined> {
  return db.get<MoveRow>(sql`select move_id, role, server_name from database_move`);
}

/** Undefined: it takes part in none any more, and what was captured is forgotten. */
export async function setMove(tx: Tx, row: MoveRow | undefined): Promise<void> {
  await tx.run(sql`delete from database_move`);
  if (row === undefined) {
    await tx.run(sql`delete from captured_change`);
    return;
  }
  await tx.run(sql`insert into database_move (move_id, role, server_name)
    values (${row.move_id}, ${row.role}, ${row.server_name})`);
}

export async function setRole(tx: Tx, role: Role): Promise<void> {
  await tx.run(sql`update database_move set role = ${role}`);
}

/** Has every change of a row noted, by whatever program, while the role is `source`, and refused once it is left. */
export async function installCapture(db: Database, tables: readonly MovedTable[]): Promise<void> {
  const install = tables.map(table => (db.dialect === 'sqlite' ? sqliteTriggers(table) : postgresTrigger(table)));
  await db.script(inOne(db.dialect, [...(await dropStatements(db)), ...install]));
}

export async function removeCapture(db: Database): Promise<void> {
  await db.script(inOne(db.dialect, await dropStatements(db)));
}

function inOne(dialect: Dialect, statements: readonly string[]): string {
  return [dialect === 'sqlite' ? 'begin immediate' : 'begin', ...statements, 'commit'].join(';\n');
}

/** Whatever is there, of tables as they were then. */
async function dropStatements(db: Database): Promise<string[]> {
  const isSqlite = db.dialect === 'sqlite';
  const rows = await db.all<{ name: string }>(
    isSqlite
      ? sql`select name from sqlite_master where type = 'trigger' and name like 'capture\\_%' escape '\\'`
      : sql`select distinct proname as name from pg_proc join pg_trigger on tgfoid = pg_proc.oid
          where tgname = 'capture_change' and pronamespace = current_schema()::regnamespace`,
  );
  return rows.map(({ name }) => (isSqlite ? `drop trigger "${name}"` : `drop function "${name}" cascade`));
}

function sqliteTriggers(table: MovedTable): string {
  const { name } = table;
  const refuse = `select raise(abort, '${MOVED_AWAY}') from database_move where role in ('leaving', 'left')`;
  const note = (row: 'old' | 'new', only = '') => `insert into captured_change (table_name, row_key)
    select '${name}', json_array(${parts(table, row)}) from database_move where role = 'source' ${only}`;
  const other = table.key.map(column => `old."${column}" is not new."${column}"`).join(' or ');
  const trigger = (what: string, ...body: string[]) =>
    `create trigger capture_${name}_${what} after ${what} on "${name}" begin ${[refuse, ...body].join('; ')}; end`;
  return [
    trigger('insert', note('new')),
    trigger('update', note('new'), note('old', `and (${other})`)),
    trigger('delete', note('old')),
  ].join(';\n');

  function parts({ key, columns }: MovedTable, row: string): string {
    return key
      .map(column => {
        const isBytes = columns.find(each => each.name === column)?.kind === 'bytes';
        return isBytes ? `lower(hex(${row}."${column}"))` : `cast(${row}."${column}" as text)`;
      })
      .join(', ');
  }
}

function postgresTrigger(table: MovedTable): string {
  const { name } = table;
  const key = (row: string) =>
    table.key
      .map(column => {
        const isBytes = table.columns.find(each => each.name === column)?.kind === 'bytes';
        return isBytes ? `encode(${row}."${column}", 'hex')` : `${row}."${column}"::text`;
      })
      .join(', ');
  const note = (row: string) =>
    `insert into captured_change (table_name, row_key) values ('${name}', json_build_array(${key(row)})::text);`;
  return `create function capture_${name}() returns trigger language plpgsql as $capture$
    declare now_is text;
    begin
      select role into now_is from database_move;
      if now_is in ('leaving', 'left') then raise exception '${MOVED_AWAY}' using errcode = '25006'; end if;
      if now_is = 'source' then
        if tg_op <> 'DELETE' then ${note('new')} end if;
        if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (${key('old')}) is distinct from (${key('new')})) then ${note('old')} end if;
      end if;
      return null;
    end $capture$;
    create trigger capture_change after insert or update or delete on "${name}"
      for each row execute function capture_${name}()`;
}

export interface Change {
  readonly nid: number;
  readonly table: string;
  readonly key: Key;
}

/** What was captured behind `after`, in order. */
export async function changesAfter(
  db: Queryable,
  tables: ReadonlyMap<string, MovedTable>,
  after: number,
  limit: number,
): Promise<Change[]> {
  const rows = await db.all<{ nid: number; table_name: string; row_key: string }>(
    sql`select nid, table_name, row_key from captured_change where nid > ${after} order by nid limit ${limit}`,
  );
  return rows.map(row => {
    const table = tables.get(row.table_name);
    if (table === undefined) throw new Error(`a change of ${row.table_name} was captured, which is not moved`);
    return { nid: row.nid, table: row.table_name, key: keyFromText(table, row.row_key) };
  });
}

/** How many changes wait. */
export async function backlogOf(db: Queryable): Promise<number> {
  const row = await db.get<{ count: number }>(sql`select count(*) as count from captured_change`);
  return row?.count ?? 0;
}

/** Forgets captured changes up to a number, some at a time. Answers how many went. */
export function forgetChanges(tx: Tx, upTo: number, limit: number): Promise<number> {
  return tx.run(sql`delete from captured_change where nid in
    (select nid from captured_change where nid <= ${upTo} order by nid limit ${limit})`);
}

/**
 * Waits for transactions that have captured something and are not committed, and keeps new ones from beginning to: a
 * snapshot that is opened meanwhile has every number up to its last one. SQLite has one writer anyway.
 */
export async function settleChanges(tx: Tx, dialect: Dialect): Promise<void> {
  if (dialect === 'postgres') await tx.run(sql`lock table captured_change in share mode`);
}

/** Waits for whoever writes to these tables, and lets nobody else begin to until the transaction has ended. */
export async function lockTables(tx: Tx, dialect: Dialect, tables: readonly MovedTable[]): Promise<void> {
  if (dialect === 'sqlite') return;
  const names: Sql[] = tables.map(({ name }) => sql.identifier(name));
  await tx.run(sql`lock table ${sql.join(names, ', ')} in share mode`);
}
