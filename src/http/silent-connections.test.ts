import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { endpoint } from './endpoint.ts';
import { HttpServer } from './server.ts';

test('a connection on which nothing was asked holds up no stop, and one that waits for an answer gets it', async () => {
  const asked = Promise.withResolvers<void>();
  const slow = endpoint({
    method: 'GET',
    path: '/slow',
    auth: 'none',
    async handle({ signal }) {
      asked.resolve();
      if (!signal.aborted) await once(signal, 'abort');
      return { drained: true };
    },
  });
  const server = new HttpServer({
    log: silentLog,
    authenticate: () => Promise.reject(new Error('no users here')),
    countRequest: () => undefined,
    trustedProxies: [],
  });
  server.add([slow]);
  const url = new URL(await server.listen('127.0.0.1', 0));
  const silent = connect(Number(url.port), url.hostname);
  await once(silent, 'connect');
  const answer = fetch(`${url}slow`);
  await asked.promise;
  const closed = server.close().then(() => 'closed');
  assert.equal(await Promise.race([closed, delay(5000, 'still open', { ref: false })]), 'closed');
  assert.deepEqual(await (await answer).json(), { drained: true });
  await once(silent.resume(), 'close');
});
