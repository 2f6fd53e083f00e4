import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataFolderError } from './data-folder.ts';
import { soleAgent } from './sole-agent.ts';

test('a data folder has one agent at a time', async t => {
  const [one, two] = [mkdtempSync(join(tmpdir(), 'copse-sole-')), mkdtempSync(join(tmpdir(), 'copse-sole-'))];
  t.after(() => {
    for (const folder of [one, two]) rmSync(folder, { recursive: true });
  });
  {
    await using _first = await soleAgent(one);
    await assert.rejects(
      soleAgent(one),
      (error: Error) => error instanceof DataFolderError && /already/.test(error.message),
    );
    await using _other = await soleAgent(two);
  }
  await using _again = await soleAgent(one);
});
