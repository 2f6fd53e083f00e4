import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate } from '../src/db/migrate.ts';
import { SqliteDatabase } from '../src/db/sqlite.ts';
import { runSeed } from './world/one-seed.ts';

/** Of two servers with crashes and poison, and of three. */
const SEEDS = [6, 1303];

for (const seed of SEEDS)
  test(`the world of seed ${seed} goes the same way twice, to the last byte of each answer`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'copse-twice-'));
    try {
      const template = await emptyDatabase(folder);
      const [once, again] = [await linesOf(seed, template), await linesOf(seed, template)];
      const parted = once.findIndex((line, at) => line !== again[at]);
      // The lines around it tell more than two whole chronicles would.
      assert.deepEqual(around(again, parted), around(once, parted));
      assert.equal(again.length, once.length);
      assert.ok(once.some(line => line.includes('/_matrix/federation/v1/send/')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

async function emptyDatabase(folder: string): Promise<string> {
  const file = join(folder, 'template.db');
  await using db = new SqliteDatabase({ file, synchronous: 'off' });
  await migrate(db);
  return file;
}

async function linesOf(seed: number, template: string): Promise<readonly string[]> {
  const chronicle: string[] = [];
  const { problems } = await runSeed(seed, template, { chronicle });
  assert.deepEqual(problems, []);
  return chronicle;
}

function around(lines: readonly string[], at: number): readonly string[] {
  return at === -1 ? [] : lines.slice(Math.max(0, at - 2), at + 1);
}
