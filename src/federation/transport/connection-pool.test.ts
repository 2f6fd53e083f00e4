import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { testClient } from '../../../test/support/federation.ts';
import { TlsPeer } from '../../../test/support/tls-peer.ts';
import { Budget } from '../../base/budget.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { ConnectionPool, idleConnections, LEAST_IDLE, MOST_IDLE } from './connection-pool.ts';
import { exchange } from './exchange.ts';

const MANY = 300;
const MIB = 1024 * 1024;
const GET = { method: 'GET', uri: '/', headers: {}, body: undefined, onConnected: () => undefined } as const;

/** A request to one of many servers that are all `peer`. */
async function ask(pool: ConnectionPool, peer: TlsPeer, at: number): Promise<void> {
  const server = `server${at}.example` as ServerName;
  const targets = [{ address: '127.0.0.1', port: peer.port }];
  const route = { server, step: '2', targets, host: server, certName: 'peer.example', facts: [] } as const;
  const answer = await exchange(pool, route, GET, new AbortController().signal);
  await answer.resume().toArray();
}

test('of connections that become idle in the same moment no more are kept than of others', async t => {
  const { authority, dialer } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['peer.example'] }));
  const pool = new ConnectionPool({ dialer, clock: systemClock, budget: new Budget(8192 * MIB) });
  t.after(() => pool.destroy());
  const waiting: ServerResponse[] = [];
  peer.answer = response => {
    waiting.push(response);
    if (waiting.length === MANY) for (const each of waiting) each.end('{}');
  };
  await Promise.all(Array.from({ length: MANY }, (_, at) => ask(pool, peer, at)));
  while ((await peer.openConnections()) > MOST_IDLE) await setTimeout(10);
  assert.equal(await peer.openConnections(), MOST_IDLE);
  assert.equal(pool.idle, MOST_IDLE);
});

/** A peer, and a pool with so much memory. */
async function poolWith(t: TestContext, mib: number) {
  const { authority, dialer } = testClient(t);
  const peer = await TlsPeer.open(authority.issue({ names: ['peer.example'] }));
  const budget = new Budget(mib * MIB);
  const pool = new ConnectionPool({ dialer, clock: systemClock, budget });
  t.after(async () => {
    pool.destroy();
    await peer[Symbol.asyncDispose]();
  });
  return { peer, pool, budget };
}

test('how many connections are kept goes by the memory that there is, and those that are kept stay', async t => {
  const kept = (bytes: number, free: number) => idleConnections({ bytes: bytes * MIB, free: free * MIB });
  const calm = kept(80, 71);
  assert.ok(calm.any >= 60 && calm.any <= 70 && calm.often >= 190 && calm.often <= 210, JSON.stringify(calm));
  assert.deepEqual(kept(80, 0), { any: calm.any, often: calm.any }, 'while a room is joined');
  assert.deepEqual(kept(0, 0), { any: LEAST_IDLE, often: LEAST_IDLE });
  assert.deepEqual(kept(1024, 1024), { any: MOST_IDLE, often: MOST_IDLE });

  const { peer, pool } = await poolWith(t, 5);
  for (let round = 0; round < 2; round++) for (let at = 0; at <= LEAST_IDLE; at++) await ask(pool, peer, at);
  assert.equal(peer.connections, LEAST_IDLE + 2, 'all but the last are used again though another came between');
});

test('those who are connected to often are kept beyond that', async t => {
  const { peer, pool, budget } = await poolWith(t, 20);
  const { any, often } = idleConnections(budget);
  assert.ok(often > any + 10);
  for (let round = 0; round < 3; round++) for (let at = 0; at < any + 10; at++) await ask(pool, peer, at);
  assert.deepEqual([pool.idle, peer.connections], [any, any + 30]);
  for (let round = 0; round < 2; round++) for (let at = 0; at < any + 10; at++) await ask(pool, peer, at);
  assert.deepEqual([pool.idle, peer.connections], [any + 10, any + 40], 'nobody is connected to for the fifth time');
});

test('kept connections are charged, and closed where others need the memory', async t => {
  const { peer, pool, budget } = await poolWith(t, 64);
  for (let at = 0; at < 40; at++) await ask(pool, peer, at);
  assert.deepEqual([pool.idle, pool.bytes], [40, 40 * 60 * 1024]);
  assert.ok(budget.caches.bytes >= pool.bytes);

  budget.scaleCaches(0);
  assert.deepEqual([pool.idle, budget.caches.bytes], [0, 0]);
  while ((await peer.openConnections()) > 0) await setTimeout(10);
  await ask(pool, peer, 1);
  assert.equal(pool.idle, 0, 'memory is still short');

  budget.scaleCaches(1);
  await ask(pool, peer, 1);
  assert.equal(pool.idle, 1);
});
