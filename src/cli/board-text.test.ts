import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardOf, factsOf } from '../../test/support/boards.ts';
import type { Assignment } from '../cluster/boards/board.ts';
import { type BoardsStatus, boardRows } from './board-text.ts';
import type { Status } from './status-text.ts';
import { topText } from './top-text.ts';

const MIB = 2 ** 20;
const NOW = 1_700_000_000_000;
const all: Assignment = {
  ...{ process: 'b1-all-1', board: 'b1', part: 'all', kind: 'role', roles: [] },
  ...{ port: 8100, memory: 256 * MIB, isLeaving: false },
};
const status: BoardsStatus = {
  boards: [
    boardOf('b1', {
      facts: {
        ...{ ...factsOf(4096), temperature: 81.2, load: 1.25, pressure: { cpu: 3.2, memory: 14.4, io: 0 } },
        ...{ link: { name: 'eth0', mbit: 1000 }, disk: { total: 30 * 2 ** 30, free: 2 ** 30 } },
      },
      processes: [
        { name: 'b1-all-1', state: 'ready', pid: 7, since: NOW - 65_000, restarts: 1, memory: 120 * MIB },
        {
          ...{ name: 'b1-nginx-1', state: 'failed', since: NOW - 3000, restarts: 9 },
          reason: 'It ended with code 1. It said: \u001b[2Jno certificate',
        },
      ],
    }),
    boardOf('b2', { isCordoned: true }),
    boardOf('b3', { isAlive: false }),
    boardOf('b4', { isAlive: false, facts: undefined }),
  ],
  assignments: [
    all,
    { ...all, process: 'b1-nginx-1', part: 'nginx', kind: 'front', memory: 32 * MIB },
    { ...all, process: 'b2-sync-1', board: 'b2', part: 'sync', roles: ['sync', 'initial-sync'], isLeaving: true },
  ],
};

test('the status says of each board what is worth a look', () => {
  assert.deepEqual(
    boardRows(status).map(([, text]) => text),
    [
      'b1, alive, 100 MiB of 4.0 GiB, 81 °C, waits 14 % of the time for memory, only 1.0 GiB of its disk free: ' +
        'b1-all-1, b1-nginx-1 (failed: It ended with code 1. It said:  [2Jno certificate)',
      'b2, drained, 100 MiB of 4.0 GiB: b2-sync-1 (not started, leaving)',
      'b3, silent, 100 MiB of 4.0 GiB: nothing',
      'b4, not seen yet: nothing',
    ],
  );
});

const server: Status = {
  ...{ version: '0.1.0', serverName: 'a.org', pid: 7, uptimeSeconds: 65, users: 0, rooms: 0, events: 0 },
  memory: {
    ...{ residentBytes: 90 * MIB, limit: 256 * MIB, level: 'calm', accounts: [] },
    caches: { name: 'caches', bytes: 0, limit: 1 },
  },
  database: { kind: 'PostgreSQL', bytes: 0 },
  listeners: [{ name: 'clients', url: 'http://127.0.0.1:8100' }],
};

test('top shows boards and what runs on them', () => {
  const placement = ['sync: 1 of 4 has no room.'];
  const cluster = { own: 'b1-all-1', processes: [], unheld: ['push'] };
  assert.equal(
    topText({ ...server, boards: status, placement, cluster }, NOW),
    `a.org, Copse 0.1.0, asked of a process that runs for 1 min 5 s, 2 of 4 boards alive
! sync: 1 of 4 has no room.
! nobody does push

BOARD  STATE         LOAD   MEMORY              WAITS     HEAT   LINK         DISK FREE  ROOT
b1     alive         1.3/4  100 MiB of 4.0 GiB  3/14/0 %  81 °C  1000 Mbit/s  1.0 GiB    ext4
b2     drained       0.1/4  100 MiB of 4.0 GiB  -         -      -            18.6 GiB   ext4
b3     silent        0.1/4  100 MiB of 4.0 GiB  -         -      -            18.6 GiB   ext4
b4     not seen yet  -      -                   -         -      -            -          -

PROCESS     BOARD  STATE                 FOR        RESTARTS  MEMORY              DOES
b1-all-1    b1     ready                 1 min 5 s  1         120 MiB of 256 MiB  everything
b1-nginx-1  b1     failed                3 s        9         - of 32 MiB         front. It ended with code 1. It said:  [2Jno certificate
b2-sync-1   b2     not started, leaving  -          0         - of 256 MiB        sync, initial-sync`,
  );
});

test('top shows a server without boards too', () => {
  assert.equal(
    topText(server, NOW),
    `a.org, Copse 0.1.0, asked of a process that runs for 1 min 5 s

PID  MEMORY  OF       LEVEL  FOR CLIENTS
7    90 MiB  256 MiB  calm   http://127.0.0.1:8100`,
  );
});
