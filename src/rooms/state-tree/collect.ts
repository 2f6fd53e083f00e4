import type { Database, Queryable } from '../../db/database.ts';
import { NumberSet } from './number-set.ts';
import { childIds, levelOf } from './page.ts';
import { PageReader } from './page-reader.ts';
import type { PageStore } from './page-store.ts';
import { recordOf } from './record.ts';
import { deleteRecords, nextRecordNumber, recordNumbers } from './state-page.table.ts';
import type { Collected, Root } from './tree-types.ts';

const PAGES_PER_QUERY = 256;
const RECORDS_PER_DELETE = 1000;

/** See StateTrees.collectionMark. */
export function collectionMark(store: PageStore, q: Queryable, roomNid: number): Promise<number> {
  store.countRoundTrip();
  return nextRecordNumber(q, roomNid);
}

/** See StateTrees.collect. */
export async function collectRecords(
  store: PageStore,
  db: Database,
  roomNid: number,
  keptRoots: readonly Root[],
  mark: number | undefined,
): Promise<Collected> {
  // Records from here on may be newer than the list of roots: not ours to judge.
  const below = mark ?? (await collectionMark(store, db, roomNid));
  const needed = await neededRecords(new PageReader(store, db, 'none'), roomNid, keptRoots);
  let kept = 0;
  let deleted = 0;
  let from = 0;
  for (;;) {
    store.countRoundTrip();
    const records = await recordNumbers(db, roomNid, { from, below, limit: RECORDS_PER_DELETE });
    const last = records.at(-1);
    if (last === undefined) return { kept, deleted };
    const garbage = records.filter(record => !needed.has(record));
    kept += records.length - garbage.length;
    if (garbage.length > 0) {
      store.countRoundTrip();
      deleted += await db.tx(tx => deleteRecords(tx, roomNid, garbage));
    }
    from = last + 1;
  }
}

/** The records of all pages under the roots. Leaves are not read: the page above names them. */
async function neededRecords(reader: PageReader, roomNid: number, roots: readonly Root[]): Promise<NumberSet> {
  const needed = new NumberSet();
  const seen = new NumberSet();
  const open: number[] = [];
  for (const root of roots) if (root !== 0 && seen.add(root)) open.push(root);
  while (open.length > 0) {
    const ids = open.splice(-PAGES_PER_QUERY);
    for (const id of ids) needed.add(recordOf(id));
    for (const page of await reader.load(roomNid, ids)) {
      const level = levelOf(page);
      if (level === 0) continue;
      for (const id of childIds(page)) {
        if (level === 1) needed.add(recordOf(id));
        else if (seen.add(id)) open.push(id);
      }
    }
  }
  return needed;
}
