import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { testClient } from '../../../test/support/federation.ts';
import { TlsPeer } from '../../../test/support/tls-peer.ts';
import type { ServerName } from '../../core/ids.ts';
import { ConnectionPool, idleConnections, MOST_IDLE } from './connection-pool.ts';
import { exchange } from './exchange.ts';

const MANY = 300;
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
  const pool = new ConnectionPool(dialer, MOST_IDLE);
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

test('how many connections are kept goes by the memory that there is, and those that are kept stay', async t => {
  const [small, large] = [idleConnections(80 * 1024 * 1024), idleConnections(1024 * 1024 * 1024)];
  assert.ok(small >= 60 && small <= 70, `${small}`);
  assert.deepEqual([idleConnections(0), large], [32, MOST_IDLE]);

  const { authority, dialer } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['peer.example'] }));
  const pool = new ConnectionPool(dialer, 2);
  t.after(() => pool.destroy());
  for (let round = 0; round < 2; round++) for (const at of [1, 2, 3]) await ask(pool, peer, at);
  assert.equal(peer.connections, 4, 'the first two are used again though a third came between');
});
