import type { MovableDatabase } from '../database.ts';
import { sql } from '../sql.ts';
import { countRows, type Key, keyOf, type MovedRow, rowsAfter, sizeOf } from './moved-rows.ts';
import type { MovedTable } from './moved-tables.ts';
import { type OwnWriters, writerOf } from './table-writer.ts';

/** What all steps of a move work with. */
export interface MoveEnds {
  readonly source: MovableDatabase;
  readonly target: MovableDatabase;
  readonly tables: readonly MovedTable[];
  readonly writers: OwnWriters;
  /** Lets others go on: resolves after as long as the work before it took. */
  readonly rest: () => Promise<void>;
}

/** A batch holds about so much: rows of one table are alike. */
const BATCH_BYTES = 1_000_000;
const MOST_ROWS = 500;

/** Takes away what a new database is given by its migrations, or what an earlier move left behind. */
export async function emptyTarget({ target, tables }: Pick<MoveEnds, 'target' | 'tables'>): Promise<void> {
  const names = sql.join(
    tables.map(({ name }) => sql.identifier(name)),
    ', ',
  );
  await target.tx(async tx => {
    await tx.run(sql`truncate ${names}`);
  });
}

/**
 * Copies all rows in batches, while the source is written to: what changes meanwhile has been captured and is replayed
 * afterwards. A row whose place is taken, by one that has gone since, is such a change itself and is left out here.
 */
export async function copyAll(
  ends: MoveEnds,
  report: (at: { table: string; rows: number; all: number }) => void,
  signal: AbortSignal,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const table of ends.tables) counts.set(table.name, await countRows(ends.source, table));
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let rows = 0;
  for (const table of ends.tables) {
    for await (const copied of copyTable(ends, table)) {
      signal.throwIfAborted();
      rows += copied;
      report({ table: table.name, rows, all: Math.max(all, rows) });
      await ends.rest();
    }
  }
}

async function* copyTable(ends: MoveEnds, table: MovedTable): AsyncGenerator<number> {
  const { source, target, writers } = ends;
  let limit = 50;
  for (let after: Key | undefined; ; ) {
    const rows: MovedRow[] = await rowsAfter(source, table, after, limit);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = keyOf(table, last);
    await target.tx(tx => writerOf(writers, target.dialect, table).insert(tx, rows, source));
    yield rows.length;
    if (rows.length < limit) return;
    const size = rows.reduce((sum, row) => sum + sizeOf(row), 0) / rows.length;
    limit = Math.max(1, Math.min(MOST_ROWS, limit * 2, Math.floor(BATCH_BYTES / (size + 1))));
  }
}
