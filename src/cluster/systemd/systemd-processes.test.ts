import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import type { Launch } from '../agent/launch.ts';
import { parseUnits } from './parse-units.ts';
import { SystemdProcesses } from './systemd-processes.ts';

const SHOWN = `Id=copse-process@b1-sync-1.service
ActiveState=active
SubState=running
Result=success
MainPID=4711
NRestarts=2
ExecMainStatus=0

Id=copse-process@b1-push-1.service
ActiveState=activating
SubState=auto-restart
Result=exit-code
MainPID=0
NRestarts=7
ExecMainStatus=1

Id=copse-process@b1-media-1.service
ActiveState=failed
SubState=failed
Result=oom-kill
MainPID=0
NRestarts=0
ExecMainStatus=9

Id=copse-agent.service
ActiveState=active
MainPID=1
`;

const launch: Launch = {
  name: 'b1-sync-1',
  words: ['role', 'sync', '--data', "/srv/it's here", '--memory', '268435456'],
  health: { pidFile: '/nowhere' },
  memory: 268_435_456,
};

function host(t: TestContext, answers: Partial<Record<string, string | Error>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-units-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const asked: string[] = [];
  const clock = new TestClock();
  const systemctl = async (words: readonly string[]) => {
    asked.push(words.join(' '));
    const answer = answers[words[0] as string] ?? '';
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { folder, asked, clock, answers, processes: new SystemdProcesses({ clock, systemctl, folder }) };
}

test('units are read from what systemctl shows, and none where there are none', () => {
  assert.deepEqual(
    parseUnits(SHOWN).map(({ name, state, pid, result, code, restarts }) => [name, state, pid, result, code, restarts]),
    [
      ['b1-sync-1', 'running', 4711, 'success', 0, 2],
      ['b1-push-1', 'waiting', undefined, 'exit-code', 1, 7],
      ['b1-media-1', 'ended', undefined, 'oom-kill', 9, 0],
    ],
  );
  assert.deepEqual([parseUnits(''), parseUnits('\n\n')], [[], []]);
  const [ending] = parseUnits('Id=copse-process@x.service\nActiveState=deactivating\nSubState=stop-sigterm\nMainPID=5');
  assert.deepEqual([ending?.state, ending?.pid], ['running', 5]);
});

test('a process is started with a file of its environment and a limit of its memory', async t => {
  const { folder, asked, processes } = host(t);
  await processes.start(launch);
  assert.deepEqual(asked, [
    'set-property --runtime copse-process@b1-sync-1.service MemoryMax=416M',
    'start --no-block copse-process@b1-sync-1.service',
  ]);
  const [words, mark] = readFileSync(join(folder, 'b1-sync-1.env'), 'utf8').split('\n');
  assert.equal(words, `COPSE_WORDS="role sync --data '/srv/it'\\\\''s here' --memory 268435456"`);
  assert.equal(mark, 'COPSE_ON_BOARD=1');
});

test('what runs is told with the words that it was started with, which the next agent knows too', async t => {
  const world = host(t, { show: SHOWN });
  await world.processes.start(launch);
  const next = new SystemdProcesses({ ...world, systemctl: async () => SHOWN });
  const seen = await next.look();
  assert.deepEqual(seen.get('b1-sync-1'), { state: 'running', pid: 4711, restarts: 2, words: launch.words });
  assert.deepEqual(seen.get('b1-push-1'), {
    ...{ state: 'waiting', pid: undefined, restarts: 7, words: [], code: 1 },
    end: 'systemd says exit-code, code 1: journalctl shows what it wrote.',
  });
  assert.equal(seen.has('b1-media-1'), false, 'one that has ended and was forgotten');
});

test('systemd is asked every two seconds, and at once after something was done', async t => {
  const { asked, clock, processes } = host(t);
  const shows = () => asked.filter(words => words.startsWith('show')).length;
  for (let n = 0; n < 4; n++) {
    await processes.look();
    clock.advance(500);
  }
  assert.equal(shows(), 1);
  await processes.look();
  assert.equal(shows(), 2);
  await processes.end('b1-sync-1', false);
  await processes.look();
  assert.equal(shows(), 3);
});

test('a process is ended by systemd, in good order or not, and its file is taken away when it is forgotten', async t => {
  const { folder, asked, processes } = host(t);
  await processes.start(launch);
  asked.length = 0;
  await processes.end('b1-sync-1', false);
  await processes.end('b1-sync-1', true);
  assert.deepEqual(asked, [
    'stop --no-block copse-process@b1-sync-1.service',
    'kill --signal=SIGKILL copse-process@b1-sync-1.service',
  ]);
  processes.forget('b1-sync-1');
  assert.deepEqual(readdirSync(folder), []);
});

test('what systemd refuses is an error with its words', async t => {
  const { processes } = host(t, { start: new Error('systemctl start: Access denied') });
  await assert.rejects(processes.start(launch), /Access denied/);
});
