import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Assignment, Board } from '../cluster/boards/board.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { AdminServer, AdminSurroundings } from './admin-server.ts';
import { type Actions, runCommandLine } from './commands.ts';
import type { JoinArgs } from './node-commands.ts';

const board: Board = {
  name: 'b1',
  address: '10.0.0.1:8470',
  labels: ['front', 'media'],
  facts: {
    version: '0.1.0',
    arch: 'arm64',
    cpus: 4,
    load: 0,
    memory: { total: 4096 * 1024 ** 2, used: 700 * 1024 ** 2 },
    disk: { total: 4e9, free: 1e9 },
    pressure: {},
    root: 'ext4',
    supervisor: 'child',
    programs: [],
  },
  processes: [{ name: 'b1-all-1', state: 'ready', since: 0, restarts: 0 }],
  isCordoned: false,
  isAlive: true,
  joinedTs: 0,
};
const assignment: Assignment = {
  ...{ process: 'b1-all-1', board: 'b1', part: 'all', kind: 'role', roles: [], port: 8100, memory: 0 },
  isLeaving: false,
};

/** What a command asked of a server with these boards, and printed. */
async function run(words: readonly string[], isRunning = true) {
  const asked: unknown[] = [];
  const printed: string[] = [];
  const joined: JoinArgs[] = [];
  const server: AdminServer = {
    serverName: 'copse.test',
    isRunning,
    resolveAlias: async () => assert.fail('no alias is asked for'),
    async call(method, path, body) {
      asked.push([method, path, ...(body === undefined ? [] : [body])]);
      if (method === 'POST') return { address: board.address, invitation: 'copse1.AA.BB', expires_ts: 1 };
      const silent = { ...board, name: 'b2', isAlive: false, isCordoned: true, labels: [], processes: [] };
      const more = { ...assignment, process: 'b2-sync-1', board: 'b2', isLeaving: true };
      const listed = { boards: [board, silent], assignments: [assignment, more] };
      return method === 'GET' ? (listed as unknown as Record<string, Json> as JsonObject) : {};
    },
  };
  const no = async () => assert.fail('not that');
  const admin: AdminSurroundings = {
    administer: (_, work) => work(server),
    password: no,
    now: () => 0,
    sleep: no,
    print: text => printed.push(text),
    readFile: no,
    writeFile: no,
  };
  const actions: Actions = {
    ...{
      up: no,
      agent: no,
      systemd: no,
      top: no,
      check: no,
      status: no,
      doctor: no,
      addUser: no,
      front: no,
      service: no,
      lab: no,
      version: no,
      docs: no,
      admin,
    },
    async join(_, join) {
      joined.push(join);
      return 0;
    },
  };
  const code = await runCommandLine(words, actions);
  return { asked, text: printed.join('\n'), joined, code };
}

test('copse token prints the line for the other board and nothing else', async () => {
  const { asked, text } = await run(['token', '--address', '10.0.0.1', '--minutes', '5']);
  assert.deepEqual(asked, [['POST', 'copse/v1/cluster/invitations', { address: '10.0.0.1', minutes: 5 }]]);
  assert.equal(text, './copse join 10.0.0.1:8470 copse1.AA.BB');
  await assert.rejects(run(['token', '--minutes', 'soon']), /no number of minutes/);
});

test('boards are listed with what runs there', async () => {
  const { text } = await run(['node', 'ls']);
  assert.deepEqual(text.split('\n'), [
    'BOARD  STATE   ADDRESS        LABELS        MEMORY           PROCESSES',
    'b1     alive   10.0.0.1:8470  front, media  700 of 4096 MiB  b1-all-1',
    'b2     silent  10.0.0.1:8470  -             700 of 4096 MiB  b2-sync-1 (not started, leaving)',
  ]);
});

test('boards are drained, labelled and taken out', async () => {
  const path = 'copse/v1/cluster/boards/b1';
  const cases = [
    [
      ['node', 'drain', 'b1'],
      ['PUT', path, { is_cordoned: true }],
    ],
    [
      ['node', 'undrain', 'b1'],
      ['PUT', path, { is_cordoned: false }],
    ],
    [
      ['node', 'label', 'b1', 'front', 'ssd'],
      ['PUT', path, { labels: ['front', 'ssd'] }],
    ],
    [
      ['node', 'label', 'b1'],
      ['PUT', path, { labels: [] }],
    ],
    [
      ['node', 'rm', 'b1', '--yes'],
      ['DELETE', path, {}],
    ],
  ] as const;
  for (const [words, asked] of cases) assert.deepEqual((await run(words)).asked, [asked]);
  await assert.rejects(run(['node', 'rm', 'b1']), /has to join again to come back/);
});

test('without a server that runs there is nobody to ask, and the command says how to start it', async () => {
  for (const words of [['token'], ['node', 'ls'], ['node', 'drain', 'b1']])
    await assert.rejects(run(words, false), /start it with \.\/copse up/);
});

test('copse join takes what copse token printed', async () => {
  const { joined } = await run(['join', '10.0.0.1:8470', 'copse1.AA.BB', '--name', 'b2', '--label', 'front', 'ssd']);
  assert.deepEqual(joined, [
    { address: '10.0.0.1:8470', token: 'copse1.AA.BB', name: 'b2', ownAddress: undefined, labels: ['front', 'ssd'] },
  ]);
});
