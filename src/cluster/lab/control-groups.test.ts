import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ControlGroup, findGroupTrees } from './control-groups.ts';

const MIB = 1024 * 1024;

/** A machine's files, as far as they matter. */
function machine(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'copse-groups-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) write(join(root, file), text);
  return root;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const V2 = {
  'proc/self/mounts': 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n',
  'sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
};
const V1 = {
  'proc/self/mounts':
    'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n' +
    'cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n',
  'sys/fs/cgroup/unified/cgroup.controllers': '\n',
};

test('version 2 is taken where it limits memory, else version 1, else nothing', t => {
  const two = machine(t, V2);
  assert.deepEqual(findGroupTrees(two), { version: 2, root: join(two, 'sys/fs/cgroup') });
  const one = machine(t, V1);
  const folder = (name: string) => join(one, 'sys/fs/cgroup', name);
  assert.deepEqual(findGroupTrees(one), {
    version: 1,
    trees: {
      ...{ memory: folder('memory'), cpu: folder('cpu,cpuacct') },
      ...{ cpuacct: folder('cpu,cpuacct'), freezer: folder('freezer') },
    },
  });
  assert.equal(findGroupTrees(machine(t, { ...V1, 'proc/self/mounts': 'proc /proc proc rw 0 0\n' })), undefined);
  assert.equal(findGroupTrees(machine(t, { ...V2, 'sys/fs/cgroup/cgroup.controllers': 'pids\n' })), undefined);
});

test('version 2: a board has its memory, no swap, and its part of the processors', t => {
  const root = machine(t, { ...V2, 'sys/fs/cgroup/copse-lab/b1/memory.swap.max': 'max' });
  const trees = findGroupTrees(root) ?? assert.fail();
  const group = new ControlGroup(trees, 'copse-lab', 'b1');
  group.make({ memory: 512 * MIB, cpus: 0.5 });
  const said = (file: string) => readFileSync(join(root, 'sys/fs/cgroup', file), 'utf8');
  assert.equal(said('cgroup.subtree_control'), '+memory +cpu');
  assert.equal(said('copse-lab/cgroup.subtree_control'), '+memory +cpu');
  assert.equal(said('copse-lab/b1/memory.max'), '536870912');
  assert.equal(said('copse-lab/b1/memory.swap.max'), '0');
  assert.equal(said('copse-lab/b1/cpu.max'), '50000 100000');
  group.freeze(true);
  assert.equal(group.isFrozen, true);
  group.freeze(false);
  assert.equal(said('copse-lab/b1/cgroup.freeze'), '0');
  assert.equal(group.entering, `echo $$ >"${join(root, 'sys/fs/cgroup/copse-lab/b1/cgroup.procs')}" && `);
});

test('version 1: the same, in each tree', t => {
  const root = machine(t, { ...V1, 'sys/fs/cgroup/memory/copse-lab/b1/memory.memsw.limit_in_bytes': '-1' });
  const group = new ControlGroup(findGroupTrees(root) ?? assert.fail(), 'copse-lab', 'b1');
  group.make({ memory: 512 * MIB, cpus: undefined });
  const said = (tree: string, file: string) =>
    readFileSync(join(root, 'sys/fs/cgroup', tree, 'copse-lab/b1', file), 'utf8');
  assert.equal(said('memory', 'memory.limit_in_bytes'), '536870912');
  assert.equal(said('memory', 'memory.memsw.limit_in_bytes'), '536870912');
  assert.equal(said('cpu,cpuacct', 'cpu.cfs_quota_us'), '-1');
  group.freeze(true);
  assert.equal(said('freezer', 'freezer.state'), 'FROZEN');
  assert.equal(group.entering.match(/cgroup\.procs/g)?.length, 3);
});

test('what a group used is read without the page cache', t => {
  const at = 'sys/fs/cgroup/copse-lab/b1';
  const root = machine(t, {
    ...V2,
    [`${at}/cgroup.procs`]: '12\n13\n',
    [`${at}/memory.current`]: String(100 * MIB),
    [`${at}/memory.stat`]: `anon 1\ninactive_file ${20 * MIB}\nactive_file ${30 * MIB}\n`,
    [`${at}/memory.events`]: 'low 0\noom 3\noom_kill 2\n',
    [`${at}/cpu.stat`]: 'usage_usec 1500\nuser_usec 1000\n',
  });
  const group = new ControlGroup(findGroupTrees(root) ?? assert.fail(), 'copse-lab', 'b1');
  assert.deepEqual(group.use, { memory: 50 * MIB, cpuMs: 1.5, killed: 2 });
  assert.deepEqual(group.processes, [12, 13]);
});
