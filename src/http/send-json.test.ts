import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { endpoint, reply } from './endpoint.ts';
import { HEALTH_PATH, SYNAPSE_HEALTH_PATH } from './health.ts';
import { HttpServer } from './server.ts';

function openServer(t: TestContext): HttpServer {
  const server = new HttpServer({
    log: silentLog,
    authenticate: async () => assert.fail('nobody logs in here'),
    countRequest: () => undefined,
    trustedProxies: [],
  });
  t.after(() => server.close());
  return server;
}

const at = (path: string, handle: () => Promise<object>) => endpoint({ method: 'GET', path, auth: 'none', handle });

test('every JSON answer is application/json and nothing more', async t => {
  const server = openServer(t);
  server.add([
    at('/object', async () => ({ text: 'grün' })),
    at('/text', async () => reply({ status: 201, body: '{"text":"grün"}' })),
    at('/bytes', async () => reply({ body: new TextEncoder().encode('{"text":"grün"}') })),
    at('/refused', async () => Promise.reject(new MatrixError('M_FORBIDDEN', 'no'))),
    at('/broken', async () => Promise.reject(new RangeError('broken'))),
  ]);
  for (const [path, status] of Object.entries({
    object: 200,
    text: 201,
    bytes: 200,
    refused: 403,
    broken: 500,
    no: 404,
  })) {
    const answer = await server.app.inject({ method: 'GET', url: `/${path}` });
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [status, 'application/json'], path);
    if (status < 300) assert.deepEqual(answer.json(), { text: 'grün' });
  }
});

test('a server that drains says so, and answers all the same', async t => {
  const server = openServer(t);
  server.add([at('/object', async () => ({}))]);
  const status = async (url: string) => (await server.app.inject({ method: 'GET', url })).statusCode;
  const statuses = async () => [await status(HEALTH_PATH), await status(SYNAPSE_HEALTH_PATH), await status('/object')];
  assert.deepEqual(await statuses(), [200, 200, 200]);
  server.drain();
  assert.deepEqual(await statuses(), [503, 503, 200]);
});

test('only what is written while it is made is not to be collected on the way', async t => {
  const server = openServer(t);
  server.add([
    at('/stream', async () => reply({ body: Readable.from(['{', '}']) })),
    at('/text', async () => reply({ body: '{}' })),
    at('/object', async () => ({})),
  ]);
  const header = async (url: string) =>
    (await server.app.inject({ method: 'GET', url })).headers['x-accel-buffering'] ?? 'none';
  assert.deepEqual(await Promise.all(['/stream', '/text', '/object'].map(header)), ['no', 'none', 'none']);
});
