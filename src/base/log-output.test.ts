import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { LogOutput } from './log-output.ts';

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('lines that cannot be written are dropped and counted, and the next one stands on a line of its own', () => {
  let written = '';
  let full = false;
  const lost: number[] = [];
  const output = new LogOutput(bytes => {
    if (full) throw failure('ENOSPC');
    // Two bytes at a time, as a file may take them.
    written += Buffer.from(bytes.subarray(0, 2)).toString();
    full = written.endsWith('se');
    return Math.min(2, bytes.length);
  });
  output.onLost = lines => lost.push(lines);
  output.write('first\n');
  output.write('second\n');
  output.write('third\n');
  full = false;
  output.write('fourth\n');
  output.write('fifth\n');
  assert.equal(written, 'first\nse\nfourth\nfifth\n');
  assert.deepEqual(lost, [2]);
});

test('a reader that pauses is waited for, one that has stopped is not', () => {
  let refusals = 3;
  let written = '';
  const output = new LogOutput(bytes => {
    if (refusals-- > 0) throw failure('EAGAIN');
    written += Buffer.from(bytes).toString();
    return bytes.length;
  });
  output.write('waited\n');
  refusals = Number.POSITIVE_INFINITY;
  output.write('dropped\n');
  assert.equal(written, 'waited\n');
});

test('a process whose log is on a full disk goes on and ends by itself', () => {
  const full = openSync('/dev/full', 'w');
  const program = `
    import { createLog } from '${new URL('./pino-log.ts', import.meta.url)}';
    const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };
    const log = createLog({ level: 'info', format: 'json', colour: false, clock });
    for (let line = 0; line < 10; line++) log.error('It cannot be written.');
    setImmediate(() => process.exit(7));`;
  const args = ['--input-type=module-typescript', '--eval', program];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', full, 'inherit'], timeout: 120_000 });
  closeSync(full);
  assert.equal(status, 7);
});
