import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cgroupMemory } from './cgroup-memory.ts';

const NO_LIMIT_V1 = '9223372036854771712\n';

/** A file system that holds `files`. */
function rootWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'copse-cgroup-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

test('version 2: the lowest limit on the way to the root counts, without the page cache', t => {
  const root = rootWith(t, {
    'proc/self/cgroup': '0::/system.slice/copse.service\n',
    'sys/fs/cgroup/system.slice/memory.max': '1000000\n',
    'sys/fs/cgroup/system.slice/memory.current': '700000\n',
    'sys/fs/cgroup/system.slice/memory.stat': 'anon 300000\ninactive_file 150000\nactive_file 50000\n',
    'sys/fs/cgroup/system.slice/copse.service/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/copse.service/memory.current': '5\n',
  });
  assert.deepEqual(cgroupMemory(root)?.(), { of: 'cgroup', used: 500_000, limit: 1_000_000 });
});

test('version 1, in a container that sees its own group as the root', t => {
  const root = rootWith(t, {
    'proc/self/cgroup': '5:devices:/\n4:cpu,memory:/docker/abc\n0::/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '900000\n',
    'sys/fs/cgroup/memory/memory.stat': 'inactive_file 7\ntotal_inactive_file 100000\ntotal_active_file 100000\n',
  });
  assert.deepEqual(cgroupMemory(root)?.(), { of: 'cgroup', used: 700_000, limit: 2_000_000 });
});

test('no limit, or no control groups at all', t => {
  const unlimited = rootWith(t, {
    'proc/self/cgroup': '4:memory:/a\n',
    'sys/fs/cgroup/memory/a/memory.limit_in_bytes': NO_LIMIT_V1,
  });
  assert.equal(cgroupMemory(unlimited), undefined);
  assert.equal(cgroupMemory(rootWith(t, {})), undefined);
});
