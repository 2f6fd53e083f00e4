import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ChildProcesses } from './child-processes.ts';
import { readStat } from './proc-files.ts';

/** Says what it was told, then does it. */
const SCRIPT = `
const [what] = process.argv.slice(2);
console.log('told to ' + what + ', supervised ' + process.env.COPSE_SUPERVISED);
if (what === 'end') process.exit(75);
const tick = setInterval(() => console.log('tick'), 50);
process.on('SIGTERM', () => { if (what === 'live') { console.log('bye'); clearInterval(tick); } });
process.stdout.on('error', () => {});
`;

/** A folder with the script, and hosts in it whose processes do not outlive the test. */
function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-agent-'));
  const script = join(folder, 'script.mjs');
  writeFileSync(script, SCRIPT);
  const lines: string[] = [];
  const pids = new Set<number>();
  t.after(() => {
    for (const pid of pids) if (readStat(pid)?.session === pid) process.kill(-pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const host = () =>
    new ChildProcesses({
      command: [process.execPath, script],
      environment: { COPSE_SUPERVISED: '1' },
      folder: join(folder, 'run'),
      onLine: (name, line) => lines.push(`${name} | ${line}`),
    });
  /** The process once `isSo` holds for it. */
  const until = async (of: ChildProcesses, name: string, state: string) => {
    for (;;) {
      const seen = (await of.look()).get(name);
      if (seen?.pid !== undefined) pids.add(seen.pid);
      if (seen?.state === state) return seen;
      await wait(10);
    }
  };
  const untilSaid = async (line: string) => {
    while (!lines.includes(line)) await wait(10);
  };
  return { folder, host, lines, until, untilSaid };
}

const launch = (name: string, ...words: string[]) => ({ name, words, health: { pidFile: '/nowhere' } });
const LIMIT = { timeout: 120_000 };

test(
  'a process runs with its words, what it writes comes with its name, and it ends when it is asked to',
  LIMIT,
  async t => {
    const { host, lines, until, untilSaid } = scene(t);
    const own = host();
    await own.start(launch('b1-sync-1', 'live'));
    const seen = await until(own, 'b1-sync-1', 'running');
    assert.deepEqual(seen.words, ['live']);
    await untilSaid('b1-sync-1 | tick');
    assert.equal(lines[0], 'b1-sync-1 | told to live, supervised 1');
    own.forget('b1-sync-1');
    assert.equal((await own.look()).size, 1, 'one that runs is not forgotten');
    await own.end('b1-sync-1', false);
    const gone = await until(own, 'b1-sync-1', 'ended');
    assert.deepEqual([gone.code, gone.end, gone.pid], [0, 'It ended with code 0.', undefined]);
    await untilSaid('b1-sync-1 | bye');
    own.forget('b1-sync-1');
    assert.equal((await own.look()).size, 0);
  },
);

test('the code with which a process ended is told, and the last that it wrote', LIMIT, async t => {
  const { host, until, untilSaid } = scene(t);
  const own = host();
  await own.start(launch('b1-sync-1', 'end'));
  assert.equal((await until(own, 'b1-sync-1', 'ended')).code, 75);
  await untilSaid('b1-sync-1 | told to end, supervised 1');
  const { end } = await until(own, 'b1-sync-1', 'ended');
  assert.equal(end, 'It ended with code 75. It said: told to end, supervised 1');
});

test('one that does not heed the signal is killed', LIMIT, async t => {
  const { host, until, untilSaid } = scene(t);
  const own = host();
  await own.start(launch('b1-sync-1', 'stay'));
  await until(own, 'b1-sync-1', 'running');
  await untilSaid('b1-sync-1 | tick');
  await own.end('b1-sync-1', false);
  await wait(100);
  await until(own, 'b1-sync-1', 'running');
  await own.end('b1-sync-1', true);
  assert.match((await until(own, 'b1-sync-1', 'ended')).end ?? '', /^It was ended by SIGKILL\. It said: .*tick$/s);
});

test('a program that is not there is an error, and the next one starts', LIMIT, async t => {
  const { folder, host, until } = scene(t);
  const none = new ChildProcesses({
    ...{ command: [join(folder, 'nothing')], environment: {}, folder: join(folder, 'run'), onLine: () => undefined },
  });
  await assert.rejects(none.start(launch('b1-sync-1', 'live')), { code: 'ENOENT' });
  const own = host();
  await own.start(launch('b1-sync-1', 'live'));
  await until(own, 'b1-sync-1', 'running');
});

/** An agent that starts one process and is then killed with no chance to do anything. */
const KILLED = (folder: string, module: string) => `
import { ChildProcesses } from ${JSON.stringify(module)};
const host = new ChildProcesses({
  command: [process.execPath, ${JSON.stringify(join(folder, 'script.mjs'))}], environment: {},
  folder: ${JSON.stringify(join(folder, 'run'))}, onLine: line => {},
});
await host.start({ name: 'b1-sync-1', words: ['live', 'on'], health: { pidFile: '/nowhere' } });
process.kill(process.pid, 'SIGKILL');
`;

test('the processes of an agent that was killed live on, and the next one takes them over', LIMIT, async t => {
  const { folder, host, until, untilSaid, lines } = scene(t);
  const first = join(folder, 'first.mjs');
  writeFileSync(first, KILLED(folder, new URL('child-processes.ts', import.meta.url).href));
  const ended = Promise.withResolvers<NodeJS.Signals | null>();
  spawn(process.execPath, [first], { stdio: 'inherit' }).once('exit', (_, signal) => ended.resolve(signal));
  assert.equal(await ended.promise, 'SIGKILL');
  const second = host();
  const { pid, words } = await until(second, 'b1-sync-1', 'running');
  assert.deepEqual(words, ['live', 'on']);
  await untilSaid('b1-sync-1 | tick');
  await second.end('b1-sync-1', false);
  assert.match((await until(second, 'b1-sync-1', 'ended')).end ?? '', /^It ended\. It said: .*(bye|tick)$/s);
  // It waits for whoever took it over from the agent.
  assert.ok(['Z', undefined].includes(readStat(pid as number)?.state));
  assert.ok(lines.length > 0);
});

test('processes of another board on the same machine are not touched', LIMIT, async t => {
  const [one, other] = [scene(t), scene(t)];
  const own = one.host();
  await own.start(launch('b1-sync-1', 'live'));
  await one.until(own, 'b1-sync-1', 'running');
  assert.equal((await other.host().look()).size, 0);
  assert.equal((await one.host().look()).size, 1);
});
