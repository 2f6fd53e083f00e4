import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { parseEnvironment, parseStat, readStat, residentBytes, sessionLeaders } from './proc-files.ts';

test('the name of a program may have anything in it', () => {
  const rest = 'S 1 4242 4242 0 -1 4194560 100 0 0 0 5 3 0 0 20 0 7 0 987654 1000000 2000';
  assert.deepEqual(parseStat(`4242 (a) S 1 2 (b)) ${rest}\n`), {
    ...{ pid: 4242, state: 'S', session: 4242, startedAt: 987_654 },
  });
  assert.deepEqual([parseStat(''), parseStat('x (y) S 1')], [undefined, undefined]);
});

test('an environment is read as it was given', () => {
  assert.deepEqual(
    [...parseEnvironment('A=1\0B=x=y\0=odd\0none\0C=\n\0')],
    [
      ['A', '1'],
      ['B', 'x=y'],
      ['C', '\n'],
    ],
  );
});

test('of living processes those are found that lead a session', async t => {
  const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore', env: { COPSE_TEST_MARK: 'one\ntwo' } });
  t.after(() => child.kill('SIGKILL'));
  await new Promise(resolve => child.once('spawn', resolve));
  const found = [...sessionLeaders()].filter(({ variables }) => variables.get('COPSE_TEST_MARK') === 'one\ntwo');
  assert.deepEqual(
    found.map(({ pid }) => pid),
    [child.pid],
  );
  const { startedAt } = readStat(child.pid as number) ?? {};
  assert.equal(found[0]?.startedAt, startedAt);
  assert.ok((residentBytes(process.pid) ?? 0) > 10_000_000);
  assert.deepEqual([readStat(2 ** 22 + 1), residentBytes(2 ** 22 + 1)], [undefined, undefined]);
});
