import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { callsOf } from '../../test/support/admin-calls.ts';
import type { JsonObject } from '../core/json.ts';
import type { Actions } from './commands.ts';

const CLUSTER = 'copse/v1/cluster';
const changes = [{ kind: 'start', process: 'b1-sync-1', board: 'b1', what: 'sync, 128 MiB, port 8100' }];

/** Runs a command against a server with one answer. */
async function run(words: readonly string[], answer: unknown, isRunning = true) {
  const started: unknown[] = [];
  const up: Actions['up'] = async config => {
    started.push(config);
    return 0;
  };
  return { ...(await callsOf(words, () => answer as JsonObject, { isRunning, actions: { up } })), started };
}

test('a plan says what differs, and so does its exit code', async () => {
  const differs = await run(['plan'], { boards: 1, changes, faults: ['no room'], pause: 'Silence.' });
  assert.deepEqual(differs.asked, [['GET', `${CLUSTER}/plan`]]);
  assert.equal(differs.text, 'start b1-sync-1 on b1: sync, 128 MiB, port 8100\n! Silence.\n! no room');
  assert.equal(differs.code, 2);
  const same = await run(['plan', '--json'], { boards: 1, changes: [], faults: [] });
  assert.deepEqual([JSON.parse(same.text).changes, same.code], [[], 0]);
});

test('a file is tried, applied and forgotten', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-apply-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, 'parts: { all: { count: each } }\n');
  const answer = { boards: 1, changes: [], faults: [] };
  const desired = {
    parts: { all: { roles: [], count: 'each', boards: [], spread: true } },
    fronts: { boards: [] },
    media_shared: false,
  };
  assert.deepEqual((await run(['plan', file], answer)).asked, [['POST', `${CLUSTER}/plan`, desired]]);
  assert.deepEqual((await run(['apply', file], answer)).asked, [['PUT', `${CLUSTER}/desired`, desired]]);
  assert.deepEqual((await run(['apply', '--forget'], answer)).asked, [['DELETE', `${CLUSTER}/desired`]]);
  await assert.rejects(run(['apply'], answer), /Name a file, or say --forget/);
  await assert.rejects(run(['apply', file, '--forget'], answer), /Name a file, or say --forget/);
  writeFileSync(file, 'parts: { sync: { count: 0 } }\n');
  await assert.rejects(run(['apply', file], answer), /cluster\.yaml:1: parts\.sync\.count cannot be "0"/);
});

test('`copse role` still starts a process; `ls` and `scale` are about all of them', async () => {
  const start = await run(['role', 'sync,push', '--port', '8009'], {});
  assert.deepEqual([start.started, start.asked], [[{ port: '8009', roles: 'sync,push' }], []]);
  const scaled = await run(['role', 'scale', 'sync', '4'], { boards: 1, changes, faults: [] });
  assert.deepEqual(scaled.asked, [['PUT', `${CLUSTER}/desired/counts/sync`, { count: 4 }]]);
  assert.equal(scaled.code, 0);
  await assert.rejects(run(['role', 'scale', 'sync', 'many'], {}), /many is no number of processes/);
  const process = {
    process: 'b1-sync-1',
    board: 'b1',
    part: 'sync',
    kind: 'role',
    roles: ['sync'],
    port: 8100,
    memory: 2 ** 27,
  };
  const listed = await run(['role', 'ls'], {
    processes: [{ ...process, state: 'ready', isLeaving: true, restarts: 0 }],
  });
  const failing = { ...process, state: 'failed', isLeaving: false, restarts: 3, reason: 'It said: \u001b[2J no.' };
  const failed = await run(['role', 'ls'], { processes: [failing] });
  assert.match(failed.text, /failed, started anew 3 times, It said: {2}\[2J no\. +128 MiB/);
  assert.match(listed.text, /b1-sync-1 +b1 +ready, leaving +128 MiB +8100 +sync/);
});

test('without a server nothing is planned', async () => {
  await assert.rejects(run(['plan'], {}, false), /The server does not run here/);
});
