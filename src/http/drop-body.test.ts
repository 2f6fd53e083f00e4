import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { dropBody } from './drop-body.ts';
import { endpoint } from './endpoint.ts';
import { HttpServer } from './server.ts';

test('what is left of a body is read to its end, and one that was read is left alone', async () => {
  const read = Readable.from(['{}']);
  await text(read);
  dropBody(read as IncomingMessage);
  assert.equal(read.listenerCount('data'), 0);
  const unread = Readable.from(['a', 'b']);
  dropBody(unread as IncomingMessage);
  await once(unread, 'end');
});

test('a body without an end is cut off', async () => {
  const chunk = Buffer.alloc(1024 * 1024);
  const endless = new Readable({ read: () => void endless.push(chunk) });
  dropBody(endless as IncomingMessage);
  await once(endless, 'close');
  assert.ok(endless.destroyed);
});

test('a client that wants the connection closed can send all of a body that is refused, and reads the answer', async t => {
  const server = new HttpServer({
    log: silentLog,
    authenticate: () => Promise.reject(new Error('no users here')),
    countRequest: () => undefined,
    trustedProxies: [],
  });
  server.add([endpoint({ method: 'POST', path: '/large', auth: 'none', handle: async () => ({}) })]);
  const { port, hostname } = new URL(await server.listen('127.0.0.1', 0));
  t.after(() => server.close());
  const length = 3_000_000;
  const socket = connect(Number(port), hostname);
  const ended = once(socket, 'end');
  const failed = once(socket, 'error').then(([error]) => Promise.reject(error));
  socket.write(`POST /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`);
  const [answer] = await Promise.race([once(socket, 'data'), failed]);
  assert.match(String(answer), /^HTTP\/1\.1 413 /);
  for (let sent = 0; sent < length; sent += 100_000) {
    socket.write('x'.repeat(100_000));
    await Promise.race([new Promise(resolve => setTimeout(resolve, 5)), failed]);
  }
  // All of it was taken; now it is closed, as the client wished.
  await Promise.race([ended, failed]);
  assert.equal(socket.bytesWritten > length, true);
  failed.catch(() => undefined);
});
