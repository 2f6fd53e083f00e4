import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readShares, SharedPages } from './shared-pages.ts';

test('what the kernel says of the pages of a process is read', t => {
  const proc = mkdtempSync(join(tmpdir(), 'copse-proc-'));
  t.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, '7'));
  const head = '00400000-7fff2ae61000 ---p 00000000 00:00 0                              [rollup]\n';
  writeFileSync(
    join(proc, '7', 'smaps_rollup'),
    `${head}Rss:              104560 kB\nPss:               71547 kB\nPss_Dirty: 1 kB\n`,
  );
  assert.deepEqual(readShares(7, proc), { rss: 104_560 * 1024, pss: 71_547 * 1024 });
  assert.equal(readShares(8, proc), undefined);
});

test('of this process too, and its part is not more than the whole', () => {
  const { rss = 0, pss = 0 } = readShares('self') ?? {};
  assert.ok(pss > 10_000_000 && pss <= rss, `${pss} of ${rss}`);
});

test('what is shared is looked at once in ten seconds, and nothing where nobody can tell', () => {
  let pss = 60;
  const shared = new SharedPages(() => ({ rss: 100, pss }));
  assert.equal(shared.bytes(0), 40);
  pss = 90;
  assert.deepEqual([shared.bytes(9999), shared.bytes(10_000)], [40, 10]);
  assert.equal(new SharedPages(() => undefined).bytes(0), 0);
});
