import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { emptyPostgres, skipWithoutPostgres } from '../../test/support/databases.ts';
import { WholeServer } from '../../test/support/whole-server.ts';
import { systemClock } from '../base/clock.ts';

const POLLS = 200;
const CONNECTIONS = 2;
const LONG_MS = 60_000;

test('200 long-polls hold none of two connections, which are never more', { skip: skipWithoutPostgres }, async t => {
  const url = await emptyPostgres(t);
  const settings = { database: { url, connections: CONNECTIONS } };
  const server = await new WholeServer(t, systemClock, { settings }).start();
  const beside = new pg.Client({ connectionString: url });
  // The database is dropped under it when the test fails.
  beside.on('error', () => undefined);
  await beside.connect();
  let most = 0;
  const count = async () => {
    const { rows } = await beside.query<{
      state: string;
      transaction: boolean;
    }>(`select state, xact_start is not null as transaction
      from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`);
    most = Math.max(most, rows.length);
    return rows.filter(row => row.transaction || row.state === 'active').length;
  };

  const alice = await server.user('alice');
  const { room_id } = await alice.ok('POST', '/v3/createRoom', {});
  const { next_batch } = await alice.ok('GET', '/v3/sync?timeout=0');
  const poll = async () => alice.ok('GET', `/v3/sync?timeout=${2 * LONG_MS}&since=${String(next_batch)}`);
  const began = performance.now();
  const polls = Array.from({ length: POLLS }, poll);
  // The last of them has looked for news once nothing is held for a while.
  for (let free = 0; free < 10; await wait(100)) {
    const held = await count();
    free = held === 0 ? free + 1 : 0;
    assert.ok(performance.now() - began < LONG_MS, `${held} connections are held while nothing happens`);
  }

  await alice.ok('GET', '/v3/account/whoami');
  const bob = await server.user('bob');
  const path = `/v3/rooms/${String(room_id)}/send/m.room.message/t1`;
  await Promise.all([
    alice.ok('PUT', path, { msgtype: 'm.text', body: 'hello' }),
    bob.ok('GET', '/v3/sync?timeout=0'),
    count(),
  ]);
  const answers = await Promise.all(polls);
  assert.ok(
    answers.every(answer => answer.next_batch !== next_batch),
    'a poll was not woken',
  );
  assert.ok(performance.now() - began < 2 * LONG_MS, 'woken, not timed out');
  await count();
  assert.ok(most >= 1 && most <= CONNECTIONS, `${most} connections`);
  await server.stop();
  await beside.end();
});
