import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { eventually } from '../../test/support/bus.ts';
import { silentLog } from '../base/log.ts';
import { Type } from '../base/schema.ts';
import { endpoint } from './endpoint.ts';
import { type Exposure, HttpServer } from './server.ts';

const HOST = 'Host: copse.test\r\n';

/** A server that echoes, on a port of its own; answers what it writes to somebody who sends these bytes. */
async function rawServer(t: TestContext, exposed?: Exposure) {
  const server = new HttpServer({
    ...(exposed && { exposed }),
    log: silentLog,
    authenticate: async () => assert.fail('nobody logs in here'),
    countRequest: () => undefined,
    trustedProxies: [],
  });
  const bodies: unknown[] = [];
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.add([
    endpoint({
      method: 'GET',
      path: '/_matrix/slow/:ms',
      auth: 'none',
      async handle({ params }) {
        await wait(Number(params.ms));
        return { waited: params.ms };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/_matrix/held',
      auth: 'none',
      async handle() {
        await held.promise;
        return {};
      },
    }),
    ...(['POST', 'PUT'] as const).map(method =>
      endpoint({
        method,
        path: '/_matrix/echo',
        auth: 'none',
        body: Type.Object({}),
        bodyLimit: 1000,
        async handle({ body }) {
          bodies.push(body);
          return body;
        },
      }),
    ),
  ]);
  t.after(() => server.close());
  await server.listen('127.0.0.1', 0);
  const { port } = server.app.server.address() as AddressInfo;
  /** Until the connection is closed, or as many are answered as are expected. */
  const exchange = async (request: string | Buffer, expected = Number.POSITIVE_INFINITY) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', chunk => (text += chunk.toString('latin1')));
    socket.write(request);
    let isClosed = false;
    socket.once('close', () => (isClosed = true));
    await eventually(() => isClosed || [...text.matchAll(/"waited":"\d+"/g)].length >= expected);
    socket.destroy();
    return { text, isClosed, statuses: [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(match => Number(match[1])) };
  };
  return { server, bodies, exchange, release: held.resolve };
}

const SMUGGLED = 'GET /_matrix/slow/0 HTTP/1.1\r\nHost: copse.test\r\n\r\n';

test('N115 a request whose end can be read in two ways is refused, and the connection ends', async t => {
  const { exchange, bodies } = await rawServer(t);
  const post = `POST /_matrix/echo HTTP/1.1\r\n${HOST}`;
  const ambiguous: Readonly<Record<string, string>> = {
    'two kinds of length': `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'two lengths': `${post}Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}${SMUGGLED}`,
    'a list of lengths': `${post}Content-Length: 2, 2\r\n\r\n{}${SMUGGLED}`,
    'a length with a sign': `${post}Content-Length: +2\r\n\r\n{}${SMUGGLED}`,
    'an odd coding': `${post}Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'an unknown coding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'a space before the colon': `${post}Content-Length : 2\r\n\r\n{}${SMUGGLED}`,
    'a folded header': `${post}X-Header: one\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'a bare line feed': `POST /_matrix/echo HTTP/1.1\nHost: copse.test\nContent-Length: 2\n\n{}${SMUGGLED}`,
    'a bare line feed in the chunks': `${post}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${SMUGGLED}`,
    'an odd chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
    'a NUL in a header': `${post}X-Header: a\0b\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    'a carriage return in a header': `${post}X-Header: a\rContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    'no host': `POST /_matrix/echo HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
  };
  for (const [what, bytes] of Object.entries(ambiguous)) {
    const { statuses, isClosed } = await exchange(bytes);
    assert.deepEqual([statuses, isClosed], [[400], true], what);
  }
  assert.deepEqual(bodies, []);
});

test('N116 requests on one connection are answered in their order', async t => {
  const { exchange } = await rawServer(t);
  const get = (ms: number) => `GET /_matrix/slow/${ms} HTTP/1.1\r\n${HOST}\r\n`;
  const { text, statuses } = await exchange(`${get(300)}${get(0)}${get(100)}`, 3);
  assert.deepEqual(statuses, [200, 200, 200]);
  assert.deepEqual(
    [...text.matchAll(/"waited":"(\d+)"/g)].map(match => match[1]),
    ['300', '0', '100'],
  );
});

test('HEAD is answered as GET is, without the body, and the connection goes on', async t => {
  const { exchange } = await rawServer(t);
  const ask = (method: string, path: string) => `${method} /_matrix/${path} HTTP/1.1\r\n${HOST}\r\n`;
  const { text, statuses } = await exchange(`${ask('HEAD', 'slow/1')}${ask('HEAD', 'echo')}${ask('GET', 'slow/2')}`, 1);
  assert.deepEqual(statuses, [200, 405, 200]);
  const [first = '', second = ''] = text.split(/(?=HTTP\/1\.1 )/);
  assert.match(first, /content-length: 14\r\n/i);
  assert.ok(first.endsWith('\r\n\r\n') && second.endsWith('\r\n\r\n'), text);
});

test('N168 a body of another kind is read no further than its limit, and is no JSON', async t => {
  const { exchange, bodies } = await rawServer(t);
  const post = (type: string, body: string) =>
    `POST /_matrix/echo HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const multipart = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n{}\r\n--x--\r\n';
  for (const request of [post('multipart/form-data; boundary=x', multipart), post('text/html', '<p>{}</p>')]) {
    const { statuses, text } = await exchange(request);
    assert.deepEqual([statuses, /"errcode":"M_NOT_JSON"/.test(text)], [[400], true]);
  }
  const large = await exchange(post('multipart/form-data; boundary=x', 'x'.repeat(1001)));
  assert.deepEqual(large.statuses, [413]);
  const chunks = `${'100\r\n'}${'x'.repeat(256)}\r\n`.repeat(8);
  const chunked = `POST /_matrix/echo HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
  assert.deepEqual((await exchange(chunked)).statuses, [413]);
  assert.deepEqual(bodies, []);
});

test('null is no body where something is posted, and no content where something is put', async t => {
  const { exchange, bodies } = await rawServer(t);
  const send = (method: string, body: string) =>
    `${method} /_matrix/echo HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  assert.deepEqual((await exchange(send('POST', 'null'))).statuses, [200]);
  assert.deepEqual(bodies, [{}]);
  for (const request of [send('PUT', 'null'), send('POST', '[]'), send('POST', '0')]) {
    const { statuses, text } = await exchange(request);
    assert.deepEqual([statuses, /"errcode":"M_BAD_JSON"/.test(text)], [[400], true], request);
  }
  assert.deepEqual(bodies, [{}]);
});

test('N174 nothing is compressed, and what comes compressed is not unpacked', async t => {
  const { server, bodies } = await rawServer(t);
  const long = JSON.stringify({ text: 'x'.repeat(900) });
  const headers = { 'accept-encoding': 'gzip, deflate, br, zstd' };
  const plain = await server.app.inject({ method: 'POST', url: '/_matrix/echo', headers, payload: long });
  assert.deepEqual([plain.headers['content-encoding'], plain.body], [undefined, long]);
  bodies.length = 0;
  const bomb = gzipSync(JSON.stringify({ text: 'x'.repeat(100_000) }));
  assert.ok(bomb.length < 1000);
  const packed = {
    method: 'POST',
    url: '/_matrix/echo',
    headers: { 'content-encoding': 'gzip' },
    payload: bomb,
  } as const;
  const refused = await server.app.inject(packed);
  assert.deepEqual([refused.statusCode, refused.json().errcode], [400, 'M_NOT_JSON']);
  assert.deepEqual(bodies, []);
});

test('N117 whoever sends a request drop by drop is cut off, in the headers and in the body', async t => {
  const { exchange } = await rawServer(t, { connectionsPerAddress: 10, requestMs: 400 });
  const began = performance.now();
  const headers = await exchange(`GET /_matrix/slow/0 HTTP/1.1\r\n${HOST}X-Never: `);
  const body = await exchange(`POST /_matrix/echo HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n{`);
  for (const { statuses, isClosed } of [headers, body]) assert.deepEqual([statuses, isClosed], [[408], true]);
  assert.ok(performance.now() - began < 20_000);
  // An answer that takes longer than that is no slow request.
  assert.deepEqual((await exchange(`GET /_matrix/slow/900 HTTP/1.1\r\n${HOST}\r\n`, 1)).statuses, [200]);
});

/** Opens connections, and tells of each whether it was answered rather than closed. Disposing of it closes them. */
function opener(server: HttpServer) {
  const { port } = server.app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  /** The server's ends, by the ports of ours. */
  const accepted = new Map<number | undefined, Socket>();
  server.app.server.on('connection', socket => accepted.set(socket.remotePort, socket));
  const theirs = (socket: Socket) => accepted.get(socket.localPort);
  /** The server has taken in all that was written. */
  const isRead = (socket: Socket) => theirs(socket)?.bytesRead === socket.bytesWritten;
  const open = async (localAddress: string, request = 'GET /_matrix/slow/0 HTTP/1.1\r\n', end = '\r\n') => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    sockets.push(socket);
    socket.write(`${request}${HOST}${end}`);
    const isAnswered = Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
    return { socket, isAnswered };
  };
  /** What is not answered for now, once the server has it. */
  const leave = async (request?: string, end?: string) => {
    const { socket } = await open('127.0.0.1', request, end);
    await eventually(() => isRead(socket));
    return socket;
  };
  return { open, leave, isRead, theirs, [Symbol.dispose]: () => sockets.forEach(socket => void socket.destroy()) };
}

test('N117 an address has so many connections and no more; others have theirs, and closed ones count no longer', async t => {
  const { server } = await rawServer(t, { connectionsPerAddress: 3, requestMs: 60_000 });
  using connections = opener(server);
  const { leave, theirs } = connections;
  const isAnswered = async (address: string) => (await connections.open(address)).isAnswered;
  const unfinished = () => leave(undefined, '');
  const [, second] = await Promise.all([leave('GET /_matrix/held HTTP/1.1\r\n'), unfinished(), unfinished()]);
  assert.equal(await isAnswered('127.0.0.1'), false);
  assert.equal(await isAnswered('127.0.0.2'), true);
  const left = theirs(second);
  second.destroy();
  await eventually(() => left?.closed === true);
  assert.equal(await isAnswered('127.0.0.1'), true);
});

test('whoever has too many connections loses the one that was idle longest', async t => {
  const { server, release } = await rawServer(t, { connectionsPerAddress: 3, requestMs: 60_000 });
  using connections = opener(server);
  const { isRead } = connections;
  const answered = async () => {
    const { socket, isAnswered } = await connections.open('127.0.0.1');
    assert.equal(await isAnswered, true);
    return socket;
  };
  const [busy, idle, later] = [await answered(), await answered(), await answered()];
  busy.write(`GET /_matrix/held HTTP/1.1\r\n${HOST}\r\n`);
  const answer = once(busy, 'data');
  await eventually(() => isRead(busy));
  const isClosed = (socket: Socket) => socket.readableEnded || socket.destroyed;
  await answered();
  await eventually(() => isClosed(idle));
  assert.deepEqual([busy, later].map(isClosed), [false, false]);
  release();
  await answer;
  await answered();
  await eventually(() => isClosed(later));
  assert.equal(isClosed(busy), false, 'what was just used is not idle for long');
});
