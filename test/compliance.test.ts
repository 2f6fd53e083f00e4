import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changes, type Outcome, readGoOutput, readResults, writeResults } from './compliance/results.ts';

const FOLDER = join(import.meta.dirname, 'compliance');
/** One for each of the suite's packages. */
const FILES = ['results-csapi.txt', 'results-federation.txt'];

test('outcomes are read from the output of go test, and what never ended has failed', () => {
  const output = `=== RUN   TestA
=== RUN   TestA/one_thing
    client.go:1: --- PASS: nonsense
--- FAIL: TestA (0.05s)
    --- PASS: TestA/one_thing (0.01s)
=== RUN   TestB
--- SKIP: TestB (0.00s)
=== RUN   TestCut
panic: test timed out after 1s
`;
  const text = 'FAIL TestA\nPASS TestA/one_thing\nSKIP TestB\nFAIL TestCut\n';
  assert.equal(writeResults(readGoOutput(output)), text);
  assert.equal(writeResults(readResults(text)), text);
  assert.throws(() => readResults('PASSED TestA\n'), RangeError);
  assert.throws(() => readResults('PASS TestA\nFAIL TestA\n'), RangeError);
});

test('worse is only what passed and does not any more', () => {
  const results = (...outcomes: [string, Outcome][]) => new Map(outcomes);
  const before = results(
    ['broken', 'PASS'],
    ['gone', 'PASS'],
    ['mended', 'FAIL'],
    ['same', 'PASS'],
    ['skipped', 'PASS'],
  );
  const after = results(['broken', 'FAIL'], ['mended', 'PASS'], ['new', 'FAIL'], ['same', 'PASS'], ['skipped', 'SKIP']);
  const seen = (some: boolean) => changes(before, after, { some }).map(({ name, isWorse }) => [name, isWorse]);
  const all = { broken: true, gone: true, mended: false, new: false, skipped: true };
  assert.deepEqual(Object.fromEntries(seen(false) as [string, boolean][]), all);
  const { gone: _gone, ...some } = all;
  assert.deepEqual(Object.fromEntries(seen(true) as [string, boolean][]), some);
});

test('the program exits with 1 when something is worse', () => {
  const program = join(FOLDER, 'compare.ts');
  const file = join(FOLDER, 'results-csapi.txt');
  const run = (args: string[], input = '') =>
    spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8' });
  assert.equal(run([file, file]).status, 0);
  assert.equal(run([file, '/dev/null']).status, 1);
  assert.equal(run([file, '/dev/null', '--some']).status, 0);
  assert.equal(run([]).status, 2);
  assert.equal(run(['collect'], '--- PASS: TestA (1.00s)\n').stdout, 'PASS TestA\n');
});

test('the results are sorted, and each test that fails has its reason in the README', () => {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  for (const file of FILES) {
    const checkedIn = readFileSync(join(FOLDER, file), 'utf8');
    const results = readResults(checkedIn);
    assert.equal(writeResults(results), checkedIn);
    const failing = [...results].filter(([name, outcome]) => outcome === 'FAIL' && !name.includes('/'));
    assert.deepEqual(
      failing.map(([name]) => name).filter(name => !readme.includes(`\`${name}\``)),
      [],
      file,
    );
  }
});
