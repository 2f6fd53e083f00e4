import type { Queryable, Tx } from '../database.ts';
import type { Dialect } from '../sql.ts';
import { deleteRows, insertRows, type Key, type MovedRow } from './moved-rows.ts';
import type { MovedTable } from './moved-tables.ts';

/** Writes rows of one table into the database that is filled. */
export interface TableWriter {
  /** `from`: where the rows were read. */
  insert(tx: Tx, rows: readonly MovedRow[], from: Queryable): Promise<void>;
  remove(tx: Tx, keys: readonly Key[]): Promise<void>;
}

/** Tables that keep more than their rows, such as an index beside them, by name. */
export type OwnWriters = Readonly<Record<string, TableWriter>>;

export function writerOf(own: OwnWriters, dialect: Dialect, table: MovedTable): TableWriter {
  const special = Object.hasOwn(own, table.name) ? own[table.name] : undefined;
  return (
    special ?? {
      insert: (tx, rows) => insertRows(tx, dialect, table, rows),
      remove: (tx, keys) => deleteRows(tx, dialect, table, keys),
    }
  );
}
