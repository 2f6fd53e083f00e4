import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { below, createRoom, mapOf, newTrees, ordered, recordRows, seeded } from '../../../test/support/state-tree.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { recordOf } from './record.ts';

const WRITER = new URL('../../../test/support/state-tree-writer.ts', import.meta.url).pathname;
const KILLS = 8;

/** Where another process finds the database of a test. */
async function placeOf(db: Database): Promise<string> {
  if (db.dialect === 'sqlite') {
    const row = await db.get<{ file: string }>(sql`select file from pragma_database_list where name = 'main'`);
    return row!.file;
  }
  const row = await db.get<{ name: string }>(sql`select current_database() as name`);
  const url = new URL(process.env.COPSE_TEST_POSTGRES!);
  url.pathname = `/${row!.name}`;
  return url.href;
}

/** Kills the writer as soon as it has told of `commits` transactions: it is in the middle of a later one then. */
async function killAfter(writer: ChildProcess, commits: number): Promise<void> {
  let told = 0;
  writer.stdout!.on('data', (dots: Buffer) => {
    told += dots.length;
    if (told >= commits) writer.kill('SIGKILL');
  });
  const [code, signal] = await once(writer, 'exit');
  assert.deepEqual([code, signal], [null, 'SIGKILL'], 'the writer ended by itself');
}

/** Every state that was committed, from the first to the last. Answers how many there are. */
async function checkAll(db: Database, roomNid: number): Promise<number> {
  const trees = newTrees(db);
  const rows = await db.all<{ n: number; root: number; tree_key: number }>(
    sql`select n, root, tree_key from written order by n`,
  );
  const found = await trees.lookup(
    db,
    rows.map(({ root, tree_key }) => ({ roomNid, root, key: tree_key })),
  );
  assert.deepEqual(
    found,
    rows.map(row => row.n),
  );
  const room = await db.get<{ state_root: number; next_rec: number }>(
    sql`select state_root, next_rec from room where nid = ${roomNid}`,
  );
  assert.equal(room!.state_root, rows.at(-1)!.root);
  const state = new Map(rows.map(row => [row.tree_key, row.n]));
  assert.deepEqual(ordered(await mapOf(trees, db, roomNid, room!.state_root)), ordered(state));
  const last = (await recordRows(db, roomNid)).at(-1)!.rec;
  assert.deepEqual([recordOf(room!.state_root), room!.next_rec], [last, last + 1], 'no record of what was cut off');
  return rows.length;
}

onEachDatabase('a process killed in the middle of writing leaves every committed state readable', async db => {
  await db.script('create table written (n bigint primary key, root bigint not null, tree_key bigint not null)');
  const roomNid = await createRoom(db);
  const place = await placeOf(db);
  const random = seeded(4);
  let written = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const args = [WRITER, db.dialect, place, String(roomNid), String(kill)];
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const commits = 20 + below(random, 200);
    await killAfter(writer, commits);
    const now = await checkAll(db, roomNid);
    assert.ok(now >= written + commits, 'what was told durable is there');
    written = now;
  }
});
