import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { endpoint } from './endpoint.ts';
import { HttpServer } from './server.ts';

/** A server whose requests wait until it drains. */
async function waitingServer() {
  const asked = Promise.withResolvers<void>();
  const slow = endpoint({
    method: 'GET',
    path: '/slow',
    auth: 'none',
    async handle({ signal }) {
      asked.resolve();
      if (!signal.aborted) await once(signal, 'abort');
      // As one that reads the database for its answer.
      await delay(50);
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
  return { server, url: new URL(await server.listen('127.0.0.1', 0)), asked: asked.promise };
}

/** Resolves when the server has closed. @throws when it does not soon */
async function closes(server: HttpServer): Promise<void> {
  const closed = server.close().then(() => 'closed');
  assert.equal(await Promise.race([closed, delay(3000, 'still open', { ref: false })]), 'closed');
}

test('a connection on which nothing was asked holds up no stop, and one that waits for an answer gets it', async () => {
  const { server, url, asked } = await waitingServer();
  const silent = connect(Number(url.port), url.hostname);
  await once(silent, 'connect');
  const left = once(silent.resume(), 'close');
  const answer = fetch(`${url}slow`);
  await asked;
  await closes(server);
  assert.deepEqual(await (await answer).json(), { drained: true });
  await left;
});

test('a connection that a front keeps after its last answer holds up no stop', async t => {
  const { server, url, asked } = await waitingServer();
  const kept = connect(Number(url.port), url.hostname);
  t.after(() => kept.destroy());
  kept.write(`GET /slow HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  await asked;
  const [closing, answer] = [closes(server), once(kept, 'data')];
  assert.match(String(await answer), /^HTTP\/1\.1 200 /);
  await closing;
});
