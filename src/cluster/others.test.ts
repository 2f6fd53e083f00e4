import assert from 'node:assert/strict';
import { counted } from '../../test/scaling/counted-database.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { LocalBus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { releaseLease, takeLeases } from './lease.table.ts';
import { Member } from './member.ts';
import { Others } from './others.ts';
import { insertProcess, keepProcess, removeProcess } from './process.table.ts';

const LIFE_MS = 6000;
const NOBODY: ReadonlySet<number> = new Set();

function insert(db: Database, name: string, offers: readonly string[] = ['search', 'push']): Promise<number> {
  return db.tx(tx => insertProcess(tx, { name, address: null, roles: [], offers }, 0, LIFE_MS));
}

const names = async (others: Others, silent = NOBODY) => (await others.look(silent)).processes.map(({ name }) => name);

onEachDatabase('whatever changes is seen at the next look', async db => {
  const others = new Others(db);
  const one = await insert(db, 'one');
  const two = await insert(db, 'two');
  assert.deepEqual(await names(others), ['one', 'two']);
  assert.equal(others.living, 2);
  await db.tx(tx => takeLeases(tx, ['search'], one, 0));
  assert.deepEqual([...(await others.look(NOBODY)).leases], [['search', one]]);
  await db.tx(tx => releaseLease(tx, 'search', one));
  assert.equal((await others.look(NOBODY)).leases.size, 0);
  const said = { address: 'http://10.0.0.1:8008', offers: ['search', 'later'], isDraining: false };
  await db.tx(tx => keepProcess(tx, two, said, true, 0, LIFE_MS));
  await others.look(NOBODY);
  assert.equal(others.ownerOf('later'), two);
  await db.tx(tx => removeProcess(tx, db, two));
  assert.deepEqual(await names(others), ['one']);
  assert.equal(others.ownerOf('later'), undefined);
});

onEachDatabase('who is silent does not count, and counts again when it speaks', async db => {
  const others = new Others(db);
  const one = await insert(db, 'one');
  const two = await insert(db, 'two');
  await others.look(NOBODY);
  const works = ['a', 'b', 'c', 'd', 'e', 'f'];
  await db.tx(tx => keepProcess(tx, two, { address: null, offers: works, isDraining: false }, true, 0, LIFE_MS));
  await db.tx(tx => keepProcess(tx, one, { address: null, offers: works, isDraining: false }, true, 0, LIFE_MS));
  const owners = () => new Set(works.map(work => others.ownerOf(work)));
  await others.look(NOBODY);
  assert.deepEqual(owners(), new Set([one, two]));
  assert.deepEqual(await names(others, new Set([two])), ['one']);
  assert.deepEqual(owners(), new Set([one]));
  assert.deepEqual(await names(others), ['one', 'two']);
  assert.deepEqual(owners(), new Set([one, two]));
});

onEachDatabase('a hint has everything read, though nobody counted what changed', async db => {
  const others = new Others(db);
  const one = await insert(db, 'one');
  await others.look(NOBODY);
  await db.tx(tx => tx.run(sql`insert into cluster_lease (name, process_nid, since_ts) values ('search', ${one}, 0)`));
  assert.equal((await others.look(NOBODY)).leases.size, 0);
  others.forget();
  assert.equal((await others.look(NOBODY)).leases.size, 1);
});

onEachDatabase('a beat reads no more where there are many, while nothing changes', async owned => {
  const { db, count } = counted(owned);
  for (let at = 0; at < 100; at++) await insert(owned, `process-${at}`);
  const bus = new LocalBus(error => assert.fail(error as Error));
  const parts = { db, bus, clock: systemClock, log: silentLog, name: 'one', roles: [], connections: 8, now: () => 1 };
  const member = new Member(parts);
  const rows = async () => {
    const before = count.rows;
    await member.beat();
    return count.rows - before;
  };
  assert.ok((await rows()) > 100, 'it learns of all of them');
  await rows();
  assert.equal(await rows(), 1);
  await insert(owned, 'another');
  assert.ok((await rows()) > 100);
  assert.equal(await rows(), 1);
  assert.equal(member.living, 102);
  await member[Symbol.asyncDispose]();
});
