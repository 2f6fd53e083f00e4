import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { testClient } from '../../../test/support/federation.ts';
import { TlsPeer } from '../../../test/support/tls-peer.ts';
import type { ServerName } from '../../core/ids.ts';
import { ConnectionPool } from './connection-pool.ts';
import { exchange } from './exchange.ts';

const MANY = 300;
const MOST_IDLE = 256;
const GET = { method: 'GET', uri: '/', headers: {}, body: undefined, onConnected: () => undefined } as const;

test('of connections that become idle in the same moment no more are kept than of others', async t => {
  const { authority, dialer } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['peer.example'] }));
  const pool = new ConnectionPool(dialer);
  t.after(() => pool.destroy());
  const waiting: ServerResponse[] = [];
  peer.answer = response => {
    waiting.push(response);
    if (waiting.length === MANY) for (const each of waiting) each.end('{}');
  };
  const ask = async (at: number) => {
    const server = `server${at}.example` as ServerName;
    const targets = [{ address: '127.0.0.1', port: peer.port }];
    const route = { server, step: '2', targets, host: server, certName: 'peer.example', facts: [] } as const;
    const answer = await exchange(pool, route, GET, new AbortController().signal);
    await answer.resume().toArray();
  };
  await Promise.all(Array.from({ length: MANY }, (_, at) => ask(at)));
  while ((await peer.openConnections()) > MOST_IDLE) await setTimeout(10);
  assert.equal(await peer.openConnections(), MOST_IDLE);
  assert.equal(pool.idle, MOST_IDLE);
});
