import type { Queryable } from '../database.ts';
import { sql } from '../sql.ts';

export type ColumnKind = 'integer' | 'text' | 'bytes';

/** A table whose rows are moved. */
export interface MovedTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** The column that numbers rows by itself, if there is one: numbers are never given out again. */
  readonly identity: string | undefined;
}

/** A database is not as the other one is: the message says in what. */
export class DifferentSchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DifferentSchemaError';
  }
}

/** What each database has of its own. */
const NOT_MOVED = new Set(['migration', 'database_move', 'captured_change']);

const KINDS: Readonly<Record<string, ColumnKind>> = {
  integer: 'integer',
  int: 'integer',
  smallint: 'integer',
  bigint: 'integer',
  text: 'text',
  bytea: 'bytes',
};

interface ColumnRow {
  readonly table_name: string;
  readonly column_name: string;
  readonly type: string;
  readonly key_place: number;
  readonly is_identity: number;
}

/**
 * The tables of a SQLite database, as it describes them itself: a table that somebody adds is moved without being
 * named here. Virtual tables and what lies behind them are not: each database has its own index of words.
 */
export async function movedTables(sqlite: Queryable): Promise<MovedTable[]> {
  const rows = await sqlite.all<ColumnRow>(sql`select list.name as table_name, info.name as column_name,
      lower(info.type) as type, info.pk as key_place, lower(master.sql) like '%autoincrement%' as is_identity
    from pragma_table_list as list join sqlite_master as master on master.name = list.name
      join pragma_table_info(list.name) as info
    where list.schema = 'main' and list.type = 'table' order by list.name, info.cid`);
  const tables = Map.groupBy(rows, row => row.table_name);
  return [...tables]
    .filter(([name]) => !name.startsWith('sqlite_') && !NOT_MOVED.has(name))
    .map(([name, columns]) => tableOf(name, columns));
}

function tableOf(name: string, rows: readonly ColumnRow[]): MovedTable {
  const inKey = rows.filter(row => row.key_place > 0).sort((a, b) => a.key_place - b.key_place);
  if (inKey.length === 0) throw new DifferentSchemaError(`The table ${name} has no primary key.`);
  return {
    name,
    columns: rows.map(row => ({ name: row.column_name, kind: kindOf(name, row) })),
    key: inKey.map(row => row.column_name),
    identity: rows[0]?.is_identity === 1 ? inKey[0]?.column_name : undefined,
  };
}

function kindOf(table: string, { column_name: column, type }: ColumnRow): ColumnKind {
  const kind = KINDS[type];
  if (kind === undefined)
    throw new DifferentSchemaError(`${table}.${column} is of the type ${type}, which is not moved.`);
  return kind;
}

/** @throws DifferentSchemaError when PostgreSQL lacks a table or column, has it otherwise, or has a table more */
export async function checkAgainst(postgres: Queryable, tables: readonly MovedTable[]): Promise<void> {
  const rows = await postgres.all<{ table_name: string; column_name: string; type: string }>(
    sql`select table_name, column_name, data_type as type from information_schema.columns
      where table_schema = current_schema()`,
  );
  const found = new Map(rows.map(row => [`${row.table_name}.${row.column_name}`, KINDS[row.type] ?? row.type]));
  for (const table of tables) {
    for (const { name, kind } of table.columns) {
      const other = found.get(`${table.name}.${name}`);
      if (other !== kind)
        throw new DifferentSchemaError(
          `${table.name}.${name} is ${kind} in SQLite and ${other ?? 'missing'} in PostgreSQL.`,
        );
    }
  }
  const known = new Set([...tables.map(table => table.name), ...NOT_MOVED]);
  const more = rows.find(row => !known.has(row.table_name));
  if (more !== undefined) throw new DifferentSchemaError(`The table ${more.table_name} is only in PostgreSQL.`);
}
