import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsOf } from '../../test/support/admin-calls.ts';
import { BOARD_FACTS } from '../../test/support/board-facts.ts';
import type { Assignment, Board } from '../cluster/boards/board.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from './admin-server.ts';
import type { Actions } from './commands.ts';
import type { JoinArgs } from './node-commands.ts';

const board: Board = {
  name: 'b1',
  address: '10.0.0.1:8470',
  labels: ['front', 'media'],
  facts: BOARD_FACTS,
  processes: [{ name: 'b1-all-1', state: 'ready', since: 0, restarts: 0 }],
  isCordoned: false,
  isAlive: true,
  joinedTs: 0,
};
const assignment: Assignment = {
  ...{ process: 'b1-all-1', board: 'b1', part: 'all', kind: 'role', roles: [], port: 8100, memory: 0 },
  isLeaving: false,
};

/** Runs a command against a server with these boards. */
async function run(words: readonly string[], isRunning = true) {
  const joined: JoinArgs[] = [];
  const join: Actions['join'] = async (_, join) => {
    joined.push(join);
    return 0;
  };
  const silent = { ...board, name: 'b2', isAlive: false, isCordoned: true, labels: [], processes: [] };
  const more = { ...assignment, process: 'b2-sync-1', board: 'b2', isLeaving: true };
  const listed = { boards: [board, silent], assignments: [assignment, more] } as unknown as JsonObject;
  const invitation = { address: board.address, invitation: 'copse1.AA.BB', expires_ts: 1 };
  const answer = (method: Method) => (method === 'GET' ? listed : method === 'POST' ? invitation : {});
  return { ...(await callsOf(words, answer, { isRunning, actions: { join } })), joined };
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
