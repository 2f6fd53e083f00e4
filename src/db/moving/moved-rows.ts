import type { Queryable, Tx } from '../database.ts';
import { type Dialect, type Sql, sql } from '../sql.ts';
import type { ColumnKind, MovedTable } from './moved-tables.ts';

/** Integers travel as text, so that those beyond 2^53 arrive as they are. */
export type Cell = string | Uint8Array | null;
export type MovedRow = Readonly<Record<string, Cell>>;
/** The values of the primary key. */
export type Key = readonly Cell[];

/** Rows of one statement. */
const KEYS_AT_ONCE = 500;
const VALUES_AT_ONCE = 20_000;

/** Up to `limit` rows in the order of the key, from behind `after`. */
export function rowsAfter(
  db: Queryable,
  table: MovedTable,
  after: Key | undefined,
  limit: number,
): Promise<MovedRow[]> {
  const key = sql.join(
    table.key.map(name => column(table, name)),
    ', ',
  );
  const where = after === undefined ? sql.empty : sql`where (${key}) > (${values(after)})`;
  return db.all<MovedRow>(
    sql`select ${cells(table)} from ${sql.identifier(table.name)} ${where} order by ${key} limit ${limit}`,
  );
}

/** The rows that there are of these. */
export async function rowsOf(
  db: Queryable,
  dialect: Dialect,
  table: MovedTable,
  keys: readonly Key[],
): Promise<MovedRow[]> {
  const found: MovedRow[] = [];
  for (const some of chunks(keys, KEYS_AT_ONCE)) {
    const where = isOneOf(dialect, table, some);
    found.push(
      ...(await db.all<MovedRow>(sql`select ${cells(table)} from ${sql.identifier(table.name)} where ${where}`)),
    );
  }
  return found;
}

export async function deleteRows(tx: Tx, dialect: Dialect, table: MovedTable, keys: readonly Key[]): Promise<void> {
  for (const some of chunks(keys, KEYS_AT_ONCE))
    await tx.run(sql`delete from ${sql.identifier(table.name)} where ${isOneOf(dialect, table, some)}`);
}

/** Rows that are there stay as they are. */
export async function insertRows(
  tx: Tx,
  dialect: Dialect,
  table: MovedTable,
  rows: readonly MovedRow[],
): Promise<void> {
  const names = table.columns.map(({ name }) => name);
  const columns = sql.join(names.map(sql.identifier), ', ');
  for (const some of chunks(rows, Math.ceil(VALUES_AT_ONCE / names.length))) {
    const lines = some.map(row => names.map(name => row[name] ?? null));
    await tx.run(sql`insert into ${sql.identifier(table.name)} (${columns}) ${listed(dialect, table, names, lines)}
      on conflict do nothing`);
  }
}

export async function countRows(db: Queryable, table: MovedTable): Promise<number> {
  const row = await db.get<{ count: number }>(sql`select count(*) as count from ${sql.identifier(table.name)}`);
  return row?.count ?? 0;
}

export function keyOf(table: MovedTable, row: MovedRow): Key {
  return table.key.map(name => row[name] ?? null);
}

/** Bytes of a row, about. */
export function sizeOf(row: MovedRow): number {
  let bytes = 0;
  for (const value of Object.values(row)) bytes += value?.length ?? 0;
  return bytes;
}

/** A key in one text, as the triggers write it. */
export function keyText(key: Key): string {
  return JSON.stringify(key.map(value => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)));
}

export function keyFromText(table: MovedTable, text: string): Key {
  const parts = JSON.parse(text) as string[];
  return table.key.map((name, at) => {
    const part = parts[at] ?? '';
    return kindOfColumn(table, name) === 'bytes' ? Buffer.from(part, 'hex') : part;
  });
}

export function kindOfColumn(table: MovedTable, name: string): ColumnKind {
  return table.columns.find(column => column.name === name)?.kind ?? 'text';
}

/** With its table, since a cell has the name of its column. */
function column(table: MovedTable, name: string): Sql {
  return sql`${sql.identifier(table.name)}.${sql.identifier(name)}`;
}

function cells(table: MovedTable): Sql {
  return sql.join(
    table.columns.map(({ name, kind }) =>
      kind === 'integer' ? sql`cast(${column(table, name)} as text) as ${sql.identifier(name)}` : column(table, name),
    ),
    ', ',
  );
}

function values(key: Key): Sql {
  return sql.join(
    key.map(value => sql`${value}`),
    ', ',
  );
}

function isOneOf(dialect: Dialect, table: MovedTable, keys: readonly Key[]): Sql {
  const columns = sql.join(
    table.key.map(name => column(table, name)),
    ', ',
  );
  return sql`(${columns}) in (${listed(dialect, table, table.key, keys)})`;
}

const ARRAYS = { integer: sql`bigint[]`, text: sql`text[]`, bytes: sql`bytea[]` } as const;

/** Lines of values as a table: on PostgreSQL an array for each column, which costs a tenth of as many parameters as values. */
function listed(dialect: Dialect, table: MovedTable, names: readonly string[], lines: readonly Key[]): Sql {
  if (dialect === 'sqlite') return sql`values ${sql.rows(lines)}`;
  const arrays = names.map((name, at) => {
    const values = lines.map(line => line[at] ?? null);
    return sql`cast(${arrayText(values)} as ${ARRAYS[kindOfColumn(table, name)]})`;
  });
  return sql`select * from unnest(${sql.join(arrays, ', ')})`;
}

/** An array as PostgreSQL reads it. */
function arrayText(values: readonly Cell[]): string {
  const parts = values.map(value => {
    if (value === null) return 'NULL';
    if (typeof value === 'string') return `"${value.replace(/[\\"]/g, '\\$&')}"`;
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  });
  return `{${parts.join(',')}}`;
}

function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
