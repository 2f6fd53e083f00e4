import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseLoad, parseMeminfo, parseMillidegrees, parsePressure, parseRootKind, parseSpeed } from './parse-facts.ts';
import { factsReader } from './read-facts.ts';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/boards');
const own = { version: '0.1.0', supervisor: 'child', arch: process.arch, cpus: availableParallelism() } as const;

/** What a machine that looks like one of the fixtures would tell, apart from its disk. */
function factsOf(board: string) {
  const eth0 = [{ address: '10.0.0.7' }, { address: 'fd00::7' }] as NetworkInterfaceInfo[];
  const interfaces = () => ({ lo: [{ address: '127.0.0.1' } as NetworkInterfaceInfo], eth0 });
  const input = { version: '0.1.0', supervisor: 'child', data: tmpdir(), paths: [] } as const;
  const { disk, ...facts } = factsReader({ ...input, fs: join(FIXTURES, board), interfaces })('10.0.0.7');
  assert.ok(disk.total > 0 && disk.free >= 0 && disk.free <= disk.total);
  return facts;
}

test('the facts of a Raspberry Pi', () => {
  assert.deepEqual(factsOf('raspberry-pi'), {
    ...own,
    load: 0.42,
    memory: { total: 3_885_404 * 1024, used: (3_885_404 - 3_012_340) * 1024 },
    pressure: { cpu: 12.5, memory: 1.07, io: 34.11 },
    temperature: 61.835,
    link: { name: 'eth0', mbit: 1000 },
    root: 'ext4',
    programs: [],
  });
});

test('the facts of a virtual machine that has neither sensors nor pressure, with a root in memory', () => {
  assert.deepEqual(factsOf('vm'), {
    ...own,
    load: 0,
    memory: { total: 1_024_000_000, used: 256_000_000 },
    pressure: {},
    link: { name: 'eth0' },
    root: 'overlay',
    programs: [],
  });
});

test('the memory of a board that is a control group is that of the group, without the page cache', () => {
  const { memory, root } = factsOf('cgroup');
  assert.deepEqual(memory, { total: 536_870_912, used: 200_000_000 });
  assert.equal(root, 'nfs4');
});

test('a machine that says nothing at all has facts too', () => {
  assert.deepEqual(factsOf('no such board'), {
    ...own,
    load: 0,
    memory: { total: 0, used: 0 },
    pressure: {},
    link: { name: 'eth0' },
    root: 'unknown',
    programs: [],
  });
});

test('this machine says what it is', () => {
  const read = factsReader({ ...own, data: tmpdir(), paths: [] });
  const { memory, disk, root } = read('127.0.0.1');
  assert.ok(memory.total > 100_000_000 && memory.used > 0 && memory.used <= memory.total);
  assert.equal(disk.total, statfsSync(tmpdir()).blocks * statfsSync(tmpdir()).bsize);
  assert.match(root, /^[a-z0-9.]+$/);
});

test('programs that are installed and may be run are told', t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-programs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['nginx', 'haproxy', 'other']) writeFileSync(join(folder, name), '');
  chmodSync(join(folder, 'nginx'), 0o755);
  chmodSync(join(folder, 'haproxy'), 0o644);
  const { programs } = factsReader({ ...own, data: folder, paths: ['/nowhere', folder] })('');
  assert.deepEqual(programs, ['nginx']);
});

test('what Linux says otherwise than expected is as if it said nothing', () => {
  assert.deepEqual(['', 'MemTotal: 5 kB\n', 'MemTotal: x kB\nMemAvailable: 3 kB\n'].map(parseMeminfo), [
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([undefined, '', 'full avg10=1.00 avg60=0', 'some avg10=0.00 avg60=0.00'].map(parsePressure), [
    undefined,
    undefined,
    undefined,
    0,
  ]);
  assert.deepEqual([undefined, '', 'x', '0', '-128000', '4294967295', '45500\n'].map(parseMillidegrees), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    45.5,
  ]);
  assert.deepEqual(['', 'x', 'tmpfs /run tmpfs rw 0 0', 'rootfs / rootfs rw 0 0'].map(parseRootKind), [
    undefined,
    undefined,
    undefined,
    'rootfs',
  ]);
  assert.deepEqual([undefined, '', '-1', '0', 'fast', '2500\n'].map(parseSpeed), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    2500,
  ]);
  assert.deepEqual([undefined, '', 'x y', '1.50 2 3'].map(parseLoad), [undefined, undefined, undefined, 1.5]);
});
