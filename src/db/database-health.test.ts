import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { databaseHealth, fileProblem } from './database-health.ts';

onEachDatabase('a database tells how long a write takes, and who has its connections', async db => {
  let now = 0;
  const health = await databaseHealth(db, () => (now += 7));
  assert.equal(health.writeMs, 7);
  assert.equal(health.error, null);
  if (db.dialect === 'sqlite') return assert.equal(health.connections, null);
  assert.ok((health.connections?.taken ?? 0) >= 1 && (health.connections?.most ?? 0) >= 10, JSON.stringify(health));
  assert.ok(Math.abs((health.now ?? 0) - Date.now()) < 60_000);
});

test('a file that is damaged, none or no database is told of', t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-file-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.db');
  const db = new DatabaseSync(file);
  db.exec('create table a (text text); create index a_text on a (text)');
  const insert = db.prepare('insert into a values (?)');
  for (let at = 0; at < 2000; at++) insert.run(`row ${at} ${'x'.repeat(50)}`);
  db.close();
  assert.equal(fileProblem(file), undefined);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(8192, 0x5a), 0, 8192, 20_480);
  assert.match(fileProblem(file) ?? '', /malformed|page|cell|Tree|row/i);
  assert.match(fileProblem(join(folder, 'none.db')) ?? '', /unable to open/);
});
