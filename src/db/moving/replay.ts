import type { Queryable, Snapshot, Tx } from '../database.ts';
import { type Change, changesAfter, forgetChanges, moveOf, setRole, settleChanges } from './capture.ts';
import type { MoveEnds } from './copy.ts';
import { type Key, keyOf, keyText, rowsOf } from './moved-rows.ts';
import type { MovedTable } from './moved-tables.ts';
import { writerOf } from './table-writer.ts';

const CHANGES_AT_ONCE = 2000;

/** What a round has brought over. */
export interface Round {
  readonly changes: number;
  /** The keys that it wrote, when they were asked for. */
  readonly keys: ReadonlyMap<string, readonly Key[]>;
}

/**
 * Brings the target to a state of the source: that of the snapshot, which the caller opened with `openSettled`. In one
 * transaction all rows that changed are deleted first and then written as they are now, so that what is unique is never
 * there twice on the way.
 */
export async function replay(ends: MoveEnds, snapshot: Snapshot, keepKeys = false): Promise<Round> {
  const { source, target, tables, writers } = ends;
  const byName = new Map(tables.map(table => [table.name, table]));
  const changes = () => batches(snapshot, byName);
  let last = 0;
  let count = 0;
  const keys = new Map<string, Key[]>();
  await target.tx(tx =>
    asFiller(tx, async () => {
      last = count = 0;
      keys.clear();
      for await (const batch of changes()) {
        last = batch.at(-1)?.nid ?? last;
        count += batch.length;
        for (const [table, changed] of keysOf(batch, byName)) {
          await writerOf(writers, target.dialect, table).remove(tx, changed);
          if (keepKeys) keys.set(table.name, [...(keys.get(table.name) ?? []), ...changed]);
        }
      }
      for await (const batch of changes()) {
        for (const [table, changed] of keysOf(batch, byName)) {
          const rows = await rowsOf(snapshot, source.dialect, table, changed);
          if (rows.length > 0) await writerOf(writers, target.dialect, table).insert(tx, rows, snapshot);
        }
      }
    }),
  );
  while ((await source.tx(tx => forgetChanges(tx, last, CHANGES_AT_ONCE))) === CHANGES_AT_ONCE) await ends.rest();
  return { changes: count, keys };
}

/** A snapshot that shows every change up to the last one that it shows. */
export async function openSettled({ source }: Pick<MoveEnds, 'source'>): Promise<Snapshot> {
  return source.tx(async tx => {
    await settleChanges(tx, source.dialect);
    return source.openSnapshot();
  });
}

/** Who fills a database writes also where nobody else may. */
async function asFiller(tx: Tx, work: () => Promise<void>): Promise<void> {
  const row = await moveOf(tx);
  await setRole(tx, 'filling');
  await work();
  if (row !== undefined) await setRole(tx, row.role);
}

async function* batches(db: Queryable, tables: ReadonlyMap<string, MovedTable>): AsyncGenerator<Change[]> {
  for (let after = 0; ; ) {
    const batch = await changesAfter(db, tables, after, CHANGES_AT_ONCE);
    const last = batch.at(-1);
    if (last === undefined) return;
    yield batch;
    after = last.nid;
  }
}

/** The rows that changed, each once. */
function keysOf(batch: readonly Change[], tables: ReadonlyMap<string, MovedTable>): [MovedTable, Key[]][] {
  return [...Map.groupBy(batch, change => change.table)].flatMap(([name, changes]) => {
    const table = tables.get(name);
    if (table === undefined) return [];
    const keys = new Map(changes.map(({ key }) => [keyText(key), key]));
    return [[table, [...keys.values()]] as [MovedTable, Key[]]];
  });
}

/** Compares rows on both sides. Answers what differs, as `table key`. */
export async function differencesOf(
  ends: MoveEnds,
  snapshot: Queryable,
  keys: ReadonlyMap<string, readonly Key[]>,
): Promise<string[]> {
  const differences: string[] = [];
  for (const table of ends.tables) {
    const changed = keys.get(table.name) ?? [];
    if (changed.length === 0) continue;
    const [here, there] = [
      await rowsOf(snapshot, ends.source.dialect, table, changed),
      await rowsOf(ends.target, ends.target.dialect, table, changed),
    ];
    const texts = new Map(there.map(row => [keyText(keyOf(table, row)), rowText(table, row)]));
    for (const row of here) {
      const key = keyText(keyOf(table, row));
      if (texts.get(key) !== rowText(table, row)) differences.push(`${table.name} ${key}`);
      texts.delete(key);
    }
    differences.push(...[...texts.keys()].map(key => `${table.name} ${key}`));
  }
  return differences;
}

/** A row in one text: equal rows have equal ones, in both databases. */
export function rowText(table: MovedTable, row: Readonly<Record<string, string | Uint8Array | null>>): string {
  return JSON.stringify(
    table.columns.map(({ name, kind }) => {
      const value = row[name] ?? null;
      return kind === 'bytes' && value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    }),
  );
}
