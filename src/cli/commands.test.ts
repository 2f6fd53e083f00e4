import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { RoomId } from '../core/ids.ts';
import { UsageError } from './admin-server.ts';
import { type Actions, runCommandLine } from './commands.ts';
import { durationText, sizeText } from './size-text.ts';
import { type Status, statusText } from './status-text.ts';

/** Options that all commands of administrators have. */
const COMMON = ['--json', '--config', '--data', '--help'];

/** Actions that record how they were called, and answer with a code of their own. */
function recording() {
  const calls: unknown[][] = [];
  const record =
    (name: string, code = 0) =>
    async (...args: unknown[]) => {
      calls.push([name, ...args]);
      return code;
    };
  const actions: Actions = {
    up: record('up'),
    agent: record('agent'),
    systemd: record('systemd'),
    top: record('top'),
    check: record('check', 3),
    status: record('status'),
    doctor: record('doctor'),
    addUser: record('addUser'),
    admin: {
      administer: async () => assert.fail('no server is asked'),
      password: async () => assert.fail('no password is asked for'),
      now: () => 0,
      sleep: async () => {},
      print: text => calls.push(['print', text]),
      readFile: async () => assert.fail('no file is read'),
      renewFront: async () => assert.fail('no front is made anew'),
      writeFile: async () => assert.fail('no file is written'),
    },
    front: record('front'),
    join: record('join'),
    service: record('service'),
    lab: record('lab'),
    version: record('version'),
    docs: record('docs'),
  };
  return { actions, calls };
}

/** Commander writes help and complaints to the process's own streams. */
function quiet(t: TestContext): string[] {
  const said: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    t.mock.method(stream, 'write', (text: string) => said.push(String(text)) > 0);
  }
  return said;
}

test('front and service take what is to be done', async () => {
  const { actions, calls } = recording();
  const run = async (words: string) => runCommandLine(words.split(' '), actions);
  await run('front nginx --data d');
  await run('front haproxy --processes p.yaml --install h.cfg --follow --reload r');
  await run('service add wiki --url http://10.77.0.9:8080 --host wiki.example.org --data d');
  await run('service ls --json');
  await run('service rm wiki');
  const none = {
    processes: undefined,
    isWhole: false,
    install: undefined,
    isFollowing: false,
    isRunning: false,
    reload: undefined,
  };
  assert.deepEqual(calls, [
    ['front', { data: 'd' }, { program: 'nginx', ...none }],
    [
      'front',
      {},
      { ...none, program: 'haproxy', processes: 'p.yaml', install: 'h.cfg', isFollowing: true, reload: 'r' },
    ],
    ['service', { data: 'd' }, { kind: 'add', name: 'wiki', url: 'http://10.77.0.9:8080', host: 'wiki.example.org' }],
    ['service', {}, { kind: 'ls', isJson: true }],
    ['service', {}, { kind: 'rm', name: 'wiki' }],
  ]);
});

test('lab takes what is to be done to which board', async () => {
  const { actions, calls } = recording();
  const run = async (words: string) => runCommandLine(words.split(' '), actions);
  await run('lab up --boards 2 --memory 1G --cpus 0.5 --data d');
  await run('lab up --name two --network 192.168.7 --settings s.yaml');
  await run('lab status --json');
  await run('lab freeze b1');
  await run('lab partition b2 from database');
  await run('lab partition b2 b3');
  await run('lab partition b2');
  await run('lab heal');
  await run('lab exec --data d b1 ls -l --data x');
  const usual = {
    boards: 4,
    memory: 512 * 2 ** 20,
    cpus: undefined,
    name: 'lab',
    network: '10.77.0',
    settings: undefined,
  };
  const place = '/var/lib/copse-lab';
  assert.deepEqual(
    calls.map(([, ...given]) => given),
    [
      ['d', { kind: 'up', lab: { ...usual, boards: 2, memory: 2 ** 30, cpus: 0.5 } }],
      [place, { kind: 'up', lab: { ...usual, name: 'two', network: '192.168.7', settings: 's.yaml' } }],
      [place, { kind: 'status', isJson: true }],
      [place, { kind: 'freeze', machine: 'b1' }],
      [place, { kind: 'partition', machine: 'b2', from: 'database' }],
      [place, { kind: 'partition', machine: 'b2', from: 'b3' }],
      [place, { kind: 'partition', machine: 'b2', from: undefined }],
      [place, { kind: 'heal', machine: undefined }],
      ['d', { kind: 'exec', machine: 'b1', command: ['ls', '-l', '--data', 'x'] }],
    ],
  );
  for (const wrong of ['--boards 0', '--boards 51', '--memory 12', '--cpus 0', '--name A', '--network 8.8.8'])
    await assert.rejects(run(`lab up ${wrong}`), UsageError, wrong);
  await assert.rejects(run('lab partition b1 from'), UsageError);
});

test('the version is asked for in both ways', async () => {
  const { actions, calls } = recording();
  for (const words of [['version'], ['--version']]) await runCommandLine(words, actions);
  assert.deepEqual(calls, [['version'], ['version']]);
});

test('up takes the name, the data folder, the port and who may register', async () => {
  const { actions, calls } = recording();
  const words = [
    'up',
    '--name',
    'a.org',
    '--data',
    'd',
    '--port',
    '1',
    '--registration',
    'open',
    '--open-to-everybody',
  ];
  assert.equal(await runCommandLine(words, actions), 0);
  assert.deepEqual(calls, [
    ['up', { name: 'a.org', data: 'd', port: '1', registration: 'open', openToEverybody: true }, ...calls[0]!.slice(2)],
  ]);
});

test('user add says who and where the password comes from', async () => {
  const { actions, calls } = recording();
  await runCommandLine(['user', 'add', 'alice', '--admin'], actions);
  await runCommandLine(['user', 'add', 'bob', '--password-stdin', '--data', 'd'], actions);
  await runCommandLine(['user', 'add', 'carol', '--link', '--json'], actions);
  assert.deepEqual(
    calls.map(call => call[2]),
    [
      { localpart: 'alice', admin: true, password: 'ask', json: false },
      { localpart: 'bob', admin: false, password: 'stdin', json: false },
      { localpart: 'carol', admin: false, password: 'link', json: true },
    ],
  );
});

test('the exit code is that of the command', async () => {
  assert.equal(await runCommandLine(['check'], recording().actions), 3);
});

test('what cannot be understood is a usage error and calls nothing; help is none', async t => {
  const said = quiet(t);
  const { actions, calls } = recording();
  const codes = [];
  for (const words of [['upp'], ['up', '--nmae', 'x'], ['user', 'add']])
    codes.push(await runCommandLine(words, actions));
  codes.push(await runCommandLine(['--help'], actions));
  t.mock.restoreAll();
  assert.deepEqual(codes, [2, 2, 2, 0]);
  assert.deepEqual(calls, []);
  assert.match(said.join(''), /--name/);
});

test('every command of administrators and each of its options is in the documentation', async t => {
  const guide = readFileSync(new URL('../../docs/administration.md', import.meta.url), 'utf8');
  const help = async (...words: string[]) => {
    const said = quiet(t);
    await runCommandLine([...words, '--help'], recording().actions);
    t.mock.restoreAll();
    return said.join('');
  };
  const groups = ['user', 'room', 'media', 'token', 'report', 'task'];
  const undocumented: string[] = [];
  for (const group of groups) {
    const names = [...(await help(group)).matchAll(/^ {2}([a-z]+) (\[options\] )?[<[-]?/gm)].map(
      ([, name = '']) => name,
    );
    assert.ok(names.length > 0, group);
    for (const name of names) {
      const row = guide
        .split('\n')
        .find(line => new RegExp(`^\\| \`copse ${group} (${name}\\b|.*, \`${name}\`)`).test(line));
      const options = [...(await help(group, name)).matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(
        ([, flag = '']) => flag,
      );
      const missing = options.filter(flag => !COMMON.includes(flag) && !row?.includes(flag));
      if (row === undefined) undocumented.push(`${group} ${name}`);
      undocumented.push(...missing.map(flag => `${group} ${name} ${flag}`));
    }
  }
  assert.deepEqual(undocumented, []);
});

test('the status is for people', () => {
  const status: Status = {
    version: '1.2.3',
    serverName: 'a.org',
    pid: 7,
    uptimeSeconds: 90_061,
    memory: {
      residentBytes: 90 * 2 ** 20,
      limit: 2 ** 28,
      level: 'calm',
      caches: { name: 'caches', bytes: 3 * 2 ** 20, limit: 40 * 2 ** 20 },
      accounts: [
        { name: 'events', bytes: 2 * 2 ** 20, limit: 2 ** 23 },
        { name: 'bodies', bytes: 10, limit: 2 ** 20 },
      ],
    },
    users: 3,
    rooms: 4,
    events: 500,
    database: { kind: 'SQLite', bytes: 5 * 2 ** 30 },
    listeners: [{ name: 'clients', url: 'http://127.0.0.1:8008' }],
    missing: { missing: 0, lost: 0, ageSeconds: 0, rooms: [], waiting: 0, setAside: 0, awaited: 0, givenUp: 0 },
  };
  const text = statusText(status);
  assert.match(text, /^running for {2}1 d 1 h$/m);
  assert.match(
    text,
    /^memory {7}90 MiB of 256 MiB, calm\n {2}caches {5}3 MiB of 40 MiB\n {2}events {5}2 MiB of 8 MiB\nusers/m,
  );
  assert.match(text, /^database {5}SQLite, 5\.0 GiB$/m);
  assert.match(text, /^clients {6}http:\/\/127\.0\.0\.1:8008$/m);
  assert.doesNotMatch(text, /bus/);
  const bus = { server: '10.0.0.5:4222', isConnected: true, forSeconds: 65, problem: undefined, others: 3 };
  assert.match(
    statusText({ ...status, bus }),
    /^bus {10}connected to 10\.0\.0\.5:4222 for 1 min 5 s, 3 other processes$/m,
  );
  const cut = statusText({ ...status, bus: { ...bus, isConnected: false, problem: '10.0.0.5:4222 does not answer' } });
  assert.match(cut, /^bus {10}not connected for 1 min 5 s: 10\.0\.0\.5:4222 does not answer$/m);
  const outbound = {
    ...{ active: 3, waiting: 2, failing: 7, oldestSeconds: 7200, queuedEdus: 12, queuedEduBytes: 4096, setAside: 0 },
    longestFailing: [{ server: 'b.org', forSeconds: 7200, reason: 'b.org cannot be reached' }],
  };
  const placed = statusText({ ...status, placement: ['sync: 1 of 4 has no room.', 'b2-all-1 waits for b2.'] });
  assert.match(placed, /^placement +sync: 1 of 4 has no room\.\nplacement +b2-all-1 waits for b2\.$/m);
  const sending = statusText({ ...status, outbound });
  assert.match(
    sending,
    /^sending {7,}to 3 servers now, 2 wait, 7 do not answer, the oldest event waits for 2 h 0 min$/m,
  );
  assert.match(sending, /^ {2}not answering {2}b\.org for 2 h 0 min: b\.org cannot be reached$/m);
  assert.match(sending, /^ {2}to devices {5}12 messages wait, 4 KiB$/m);
  assert.doesNotMatch(sending, /set aside/);
  assert.doesNotMatch(text, /missing|lost|aside/);
  const rooms = [{ roomId: '!a:b.org' as RoomId, events: 5 }];
  const missing = { missing: 3, lost: 2, ageSeconds: 130, rooms, waiting: 1, setAside: 0, awaited: 0, givenUp: 4 };
  const holes = statusText({ ...status, missing });
  assert.match(holes, /^missing {6}3 events, which are asked for, the first for 2 min 10 s$/m);
  assert.match(holes, /^lost {9}2 events that no server has any more\n {2}!a:b\.org {3}5 of them$/m);
  assert.match(holes, /^waiting {6}1 events that came wait to be taken in$/m);
  assert.match(holes, /^given up {5}4 events of the states of rooms that are not signed rightly/m);
  const counts = { stored: 900, aside: 4, refused: 0 };
  const join = { roomId: '!a:b.org' as RoomId, server: undefined, reason: undefined, forSeconds: 65, counts };
  const joins = statusText({
    ...status,
    joins: {
      running: [
        { ...join, phase: 'receiving' },
        { ...join, phase: 'waiting', reason: '75 % of the memory are used' },
      ],
      unfinished: [
        { roomId: '!a:b.org' as RoomId, lacksMembers: true, awaited: 0, tries: 0, problem: undefined },
        { roomId: '!c:b.org' as RoomId, lacksMembers: true, awaited: 3, tries: 2, problem: 'b.org is away' },
      ],
    },
  });
  assert.match(joins, /^joining {6}!a:b\.org, for 1 min 5 s: has 900 events, 4 of others wait for keys$/m);
  assert.match(joins, /^joining {6}!a:b\.org, for 1 min 5 s: waits: 75 % of the memory are used$/m);
  const unfinished =
    /^unfinished {3}!c:b\.org, members are still to come, 3 events of its state wait for keys, tried 2 times: b\.org is away$/m;
  assert.match(joins, unfinished);
  assert.equal(joins.match(/^unfinished/gm)?.length, 1, 'what goes on is said once');
  assert.equal(sizeText(2048), '2 KiB');
  assert.equal(durationText(59.9), '59 s');
  assert.equal(durationText(3600), '1 h 0 min');
});
