import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SteppingClock } from '../../test/support/fake-internet.ts';
import { RunRecord } from './run-record.ts';

test('a run that was cut off is known by the next ones, one that ended is not', t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-runs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = new SteppingClock();
  const begin = (process?: string) => {
    clock.advance(1000);
    return RunRecord.begin(folder, process, clock);
  };
  begin()[Symbol.dispose]();
  assert.deepEqual(begin().cutOff(0), []);
  const first = clock.now() + 1000;
  const record = begin();
  assert.deepEqual(record.cutOff(0), [first]);
  record[Symbol.dispose]();
  assert.deepEqual(begin().cutOff(0), [first]);
  assert.deepEqual(begin().cutOff(first + 1), [clock.now()]);
  assert.deepEqual(begin('another').cutOff(0), [], 'each process has its own');
  for (let at = 0; at < 30; at++) begin();
  assert.equal(begin().cutOff(0).length, 20, 'no more are kept');
  writeFileSync(join(folder, 'runs.json'), 'nonsense');
  assert.deepEqual(begin().cutOff(0), []);
});
