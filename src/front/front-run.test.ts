import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { FrontRun, type RunnableProgram } from './front-run.ts';

/** Stands for nginx: takes what says `good`, writes down what it reads at the start and at each reload. */
const PROGRAM = `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const [what, file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
if (what === 'check') process.exit(text.startsWith('good') ? 0 : (console.error('no good'), 1));
if (text.includes('and ends')) process.exit(3);
const took = () => appendFileSync(file + '.took', readFileSync(file, 'utf8') + '\\n');
process.on('SIGHUP', took);
process.on('SIGQUIT', () => { appendFileSync(file + '.took', 'bye\\n'); process.exit(0); });
took();
setInterval(() => {}, 1000);
`;
const LIMIT = { timeout: 120_000 };

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-front-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [script, file] = [join(folder, 'program.mjs'), join(folder, 'front.conf')];
  writeFileSync(script, PROGRAM);
  const program: RunnableProgram = {
    check: [process.execPath, script, 'check', file],
    start: [process.execPath, script, 'run', file],
    ...{ reload: 'SIGHUP', end: 'SIGQUIT', pidFile: `${file}.running` },
  };
  const took = () => (existsSync(`${file}.took`) ? readFileSync(`${file}.took`, 'utf8').trim().split('\n') : []);
  const untilTook = async (count: number) => {
    while (took().length < count) await wait(10);
    return took();
  };
  return { folder, file, script, program, took, untilTook };
}

test('a program is started with the first configuration, told of the next ones, and ends with us', LIMIT, async t => {
  const { file, program, untilTook } = scene(t);
  {
    await using front = new FrontRun(file, program, systemClock);
    assert.equal(await front.install('good 1'), 'started');
    await untilTook(1);
    assert.match(readFileSync(`${file}.running`, 'utf8'), /^\d+$/);
    assert.equal(await front.install('good 1'), 'unchanged');
    assert.equal(await front.install('good 2'), 'reloaded');
    await untilTook(2);
    await assert.rejects(front.install('bad'), /no good/);
    assert.equal(readFileSync(file, 'utf8'), 'good 2');
  }
  assert.deepEqual(await untilTook(3), ['good 1', 'good 2', 'bye']);
  assert.equal(existsSync(`${file}.running`), false);
});

test('a first configuration that is refused is an error, and nothing is started', LIMIT, async t => {
  const { file, program, took } = scene(t);
  await using front = new FrontRun(file, program, systemClock);
  await assert.rejects(front.install('bad'), /no good/);
  assert.deepEqual([existsSync(file), took()], [false, []]);
  await assert.rejects(
    new FrontRun(file, { ...program, start: [`${file}.none`] }, systemClock).install('good'),
    /none cannot be started/,
  );
});

test('a configuration that lies there from before is enough for a start', LIMIT, async t => {
  const { file, program, untilTook } = scene(t);
  writeFileSync(file, 'good as ever');
  await using front = new FrontRun(file, program, systemClock);
  assert.equal(await front.install('good as ever'), 'started');
  assert.deepEqual(await untilTook(1), ['good as ever']);
});

test('a program that ends by itself is told', LIMIT, async t => {
  const { file, program } = scene(t);
  await using front = new FrontRun(file, program, systemClock);
  await front.install('good and ends');
  assert.match(await front.ended, /ended with code 3\.$/);
});

test('one whose starter was killed is asked to end, since it has the ports', LIMIT, async t => {
  const { file, script, program, untilTook } = scene(t);
  writeFileSync(file, 'good');
  const former = spawn(process.execPath, [script, 'run', file]);
  const gone = new Promise(resolve => former.once('exit', resolve));
  await untilTook(1);
  writeFileSync(`${file}.running`, String(former.pid));
  await using _front = new FrontRun(file, program, systemClock);
  await gone;
  assert.deepEqual(await untilTook(2), ['good', 'bye']);
});
