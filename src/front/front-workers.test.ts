import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PLANS } from '../../test/front/plans.ts';
import { hasDied, workersOf } from './front-workers.ts';
import { nginxText } from './nginx.ts';

test('a process that is gone has died, unless it got nothing any more', () => {
  const front = PLANS['3-boards'] ?? assert.fail();
  const [first = assert.fail(), ...others] = front.processes.map(process => ({ ...process, isDraining: false }));
  const textOf = (processes: typeof others) => nginxText({ ...front, processes, mayLackRoles: true });
  const all = textOf([first, ...others]);
  const drained = textOf([{ ...first, isDraining: true }, ...others]);
  const without = textOf(others);
  assert.equal(hasDied(all, without), true);
  assert.deepEqual(
    [hasDied(all, drained), hasDied(drained, without), hasDied(without, all), hasDied(all, all)],
    [...[false, false, false, false]],
  );
});

test('workers are the children of the master that are called so', t => {
  const proc = mkdtempSync(join(tmpdir(), 'copse-proc-'));
  t.after(() => rmSync(proc, { recursive: true }));
  const add = (pid: number, cmdline: string) => {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'cmdline'), cmdline);
  };
  mkdirSync(join(proc, '10', 'task', '10'), { recursive: true });
  writeFileSync(join(proc, '10', 'task', '10', 'children'), '11 12 13 ');
  add(11, 'nginx: worker process');
  add(12, 'nginx: worker process is shutting down');
  add(13, 'nginx: cache manager process');
  assert.deepEqual([workersOf(10, proc), workersOf(11, proc)], [[11, 12], []]);
});
