import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Launch } from './launch.ts';
import type { Sighting } from './process-host.ts';
import { type Step, WatchedProcess } from './watched-process.ts';

const launch: Launch = {
  name: 'b1-sync-1',
  words: ['role', 'sync', '--port', '8100'],
  health: { host: '10.0.0.1', port: 8100 },
};
const running: Sighting = { state: 'running', pid: 7, words: launch.words };
const ended = (code: number): Sighting => ({
  ...{ state: 'ended', pid: undefined, words: launch.words, end: `It ended with code ${code}.`, code },
});

/** A process that shall run and was started at 0. */
function startedProcess(): WatchedProcess {
  const process = new WatchedProcess(launch.name, 0);
  process.wanted = launch;
  assert.equal(process.step(undefined, 0), 'start');
  assert.equal(process.step(running, 100), undefined);
  return process;
}

/** The first moment, in steps of a quarter of a second, at which something is to be done. */
function nextStep(process: WatchedProcess, seen: Sighting | undefined, from: number): [Step, number] {
  for (let now = from; now < from + 1_000_000; now += 250) {
    const step = process.step(seen, now);
    if (step !== undefined) return [step, now - from];
  }
  return [undefined, Number.POSITIVE_INFINITY];
}

test('a process is starting until it says that it takes requests', () => {
  const process = startedProcess();
  process.heard('silent', 200);
  assert.equal(process.state, 'starting');
  process.heard('good', 300);
  assert.deepEqual(process.told(5), {
    ...{ name: 'b1-sync-1', state: 'ready', pid: 7, since: 300, restarts: 0, memory: 5 },
  });
});

test('one that ends again and again is started after 1, 2, 4 ... 60 s, with the reason in the report', () => {
  const process = startedProcess();
  const pauses: number[] = [];
  for (let now = 1000, n = 0; n < 8; n++) {
    const [step, pause] = nextStep(process, ended(1), now);
    assert.equal(step, 'start');
    pauses.push(pause);
    now += pause + 1000;
    process.step(running, now - 500);
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  process.step(ended(1), 900_000);
  const { state, reason, restarts, pid } = process.told(undefined);
  assert.deepEqual([state, reason, restarts, pid], ['failed', 'It ended with code 1.', 9, undefined]);
});

test('one that ran well for a minute begins again with the shortest wait', () => {
  const process = startedProcess();
  for (let n = 0, now = 1000; n < 4; n++, now += 100_000) {
    nextStep(process, ended(1), now);
    process.step(running, now + 30_000);
    process.heard('good', now + 30_000);
  }
  process.heard('good', 400_000);
  assert.deepEqual(nextStep(process, ended(1), 420_000), ['start', 1000]);
});

test('one that was ready for a moment only did not run well', () => {
  const process = startedProcess();
  process.heard('good', 200);
  assert.equal(nextStep(process, ended(1), 1000)[1], 1000);
  process.step(running, 2500);
  process.heard('good', 2600);
  assert.equal(nextStep(process, ended(1), 32_000)[1], 2000);
});

test('one that asks to be started anew is, at once', () => {
  const process = startedProcess();
  process.heard('good', 200);
  assert.equal(process.step(ended(75), 1000), 'start');
  assert.equal(process.told(undefined).restarts, 1);
});

test('one that hangs for 30 s is to end, is killed 12 s later, and started again at once', () => {
  const process = startedProcess();
  process.heard('good', 1000);
  process.heard('silent', 20_000);
  assert.equal(process.step(running, 30_999), undefined);
  assert.equal(process.step(running, 31_000), 'end');
  assert.deepEqual(
    [process.told(undefined).state, process.told(undefined).reason],
    ['draining', 'It did not answer for 30 s and was ended.'],
  );
  assert.deepEqual(nextStep(process, running, 31_000), ['kill', 12_000]);
  assert.equal(nextStep(process, running, 43_250)[0], undefined, 'it is killed once');
  assert.equal(process.step(ended(137), 44_000), 'start');
});

test('one that starts has ten minutes for it', () => {
  const process = startedProcess();
  assert.equal(process.step(running, 599_999), undefined);
  assert.equal(process.step(running, 600_000), 'end');
});

test('what is not wanted any more ends in good order and is forgotten', () => {
  const process = startedProcess();
  process.heard('good', 200);
  process.wanted = undefined;
  assert.equal(process.step(running, 1000), 'end');
  assert.equal(process.step(running, 1250), undefined, 'a second signal would cut it off');
  assert.equal(process.step(ended(0), 2000), 'forget');
});

test('one that drains by itself is left to it when it is not wanted any more', () => {
  const process = startedProcess();
  process.heard('going', 200);
  assert.equal(process.state, 'draining');
  process.wanted = undefined;
  assert.equal(process.step(running, 1000), undefined);
  assert.deepEqual(nextStep(process, running, 1000), ['kill', 12_000]);
});

test('one that runs from before is taken over, and is outdated when it was started with other words', () => {
  const process = new WatchedProcess(launch.name, 0);
  process.wanted = launch;
  assert.equal(process.step(running, 100), undefined);
  process.heard('good', 200);
  assert.deepEqual([process.state, process.isOutdated, process.pid], ['ready', false, 7]);
  process.wanted = { ...launch, words: ['role', 'sync', '--port', '8200'] };
  assert.equal(process.isOutdated, true);
});

test('one that systemd starts again is waited for', () => {
  const process = startedProcess();
  const waiting: Sighting = { state: 'waiting', pid: undefined, words: launch.words, end: 'exit-code', restarts: 3 };
  assert.equal(process.step(waiting, 1000), undefined);
  const { state, reason, restarts } = process.told(undefined);
  assert.deepEqual([state, reason, restarts], ['failed', 'exit-code', 3]);
  assert.equal(process.step(running, 2000), undefined);
  assert.equal(process.state, 'starting');
  process.wanted = undefined;
  assert.equal(process.step(waiting, 3000), 'end');
});
