import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { filesOf, type MediaWorld, openMedia } from '../../../../test/support/media.ts';
import { usageOf } from '../../../media/usage.table.ts';

const MIB = 1024 * 1024;

/** A request to a real listener, with the token of alice unless told. */
async function open(world: MediaWorld, headers: Record<string, string> = {}): Promise<ClientRequest> {
  const at = await world.http.listen('127.0.0.1', 0);
  const all = { authorization: 'Bearer alice', ...headers };
  return request(`${at}/_matrix/media/v3/upload`, { method: 'POST', headers: all });
}

function addressOf(world: MediaWorld): string {
  const address = world.http.app.server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

async function answerOf(sent: ClientRequest): Promise<{ status: number | undefined; body: Record<string, unknown> }> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

/** Writes `count` mebibytes, each when the last one is taken. */
async function writeChunks(sent: ClientRequest, count: number): Promise<void> {
  for (let n = 0; n < count; n++) if (!sent.write(Buffer.alloc(MIB, 'x'))) await once(sent, 'drain');
}

/** Node's client stops in the middle when the answer comes early; a bare socket does not. */
async function openSocket(world: MediaWorld): Promise<Socket> {
  const { port } = new URL(await world.http.listen('127.0.0.1', 0));
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

const HEAD = 'POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n';

/** What a socket has received once `last` has come. */
async function received(socket: Socket, last: string): Promise<string> {
  let text = '';
  while (!text.includes(last)) text += ((await once(socket, 'data')) as [Buffer])[0].toString();
  return text;
}

onEachDatabase('N181: a chunked upload without a length is cut at the limit and leaves nothing', async db => {
  await using world = await openMedia(db, { settings: { maxUploadBytes: 2 * MIB } });
  const socket = await openSocket(world);
  const answer = received(socket, 'M_TOO_LARGE');
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  for (let n = 0; n < 8; n++) socket.write(`${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`);
  assert.match(await answer, /^HTTP\/1\.1 413 /);
  assert.deepEqual(await filesOf(world), []);
  assert.deepEqual(await usageOf(db, world.alice.userNid), { bytes: 0, files: 0 });
  const next = received(socket, 'content_uri');
  socket.write(`0\r\n\r\n${HEAD}Content-Length: 5\r\n\r\nsmall`);
  assert.match(await next, /^HTTP\/1\.1 200 /, 'the connection can be used again');
  socket.destroy();
});

onEachDatabase('N181: the answer comes before the end of an upload that never ends', async db => {
  await using world = await openMedia(db, { settings: { maxUploadBytes: MIB } });
  const sent = await open(world);
  const answer = answerOf(sent);
  await writeChunks(sent, 2);
  assert.equal((await answer).status, 413);
  assert.deepEqual(await filesOf(world), []);
  sent.on('error', () => undefined).destroy();
});

onEachDatabase('N181: an announced length over the limit is refused unread', async db => {
  await using world = await openMedia(db, { settings: { maxUploadBytes: MIB } });
  const sent = await open(world, { 'content-length': String(3 * MIB) });
  const answer = answerOf(sent);
  sent.write('x');
  assert.equal((await answer).status, 413);
  sent.on('error', () => undefined).destroy();
});

onEachDatabase('an upload streams in chunks and out again', async db => {
  await using world = await openMedia(db);
  const sent = await open(world, { 'content-type': 'application/x-big' });
  const answer = answerOf(sent);
  await writeChunks(sent, 8);
  sent.end();
  const uri = String((await answer).body.content_uri);
  const url = `${addressOf(world)}/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
  const got = await fetch(url, { headers: { authorization: 'Bearer bob' } });
  assert.equal((await got.arrayBuffer()).byteLength, 8 * MIB);
  assert.equal(got.headers.get('content-type'), 'application/x-big');
});

onEachDatabase('a client that goes away in the middle leaves nothing', async db => {
  await using world = await openMedia(db);
  const socket = await openSocket(world);
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
  while ((await filesOf(world)).length === 0) await new Promise(resolve => setTimeout(resolve, 10));
  socket.destroy();
  while ((await filesOf(world)).length > 0) await new Promise(resolve => setTimeout(resolve, 10));
});

onEachDatabase('uploads need a user who is no guest', async db => {
  await using world = await openMedia(db);
  for (const [token, errcode] of [
    ['nobody', 'M_UNKNOWN_TOKEN'],
    ['guest', 'M_GUEST_ACCESS_FORBIDDEN'],
  ]) {
    for (const url of ['/_matrix/media/v3/upload', '/_matrix/media/v1/create']) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await world.http.app.inject({ method: 'POST', url, headers, payload: '{}' });
      assert.equal(answer.json().errcode, errcode);
    }
  }
});

onEachDatabase('a reserved URI is filled over HTTP', async db => {
  await using world = await openMedia(db);
  const { app } = world.http;
  const headers = { authorization: 'Bearer alice', 'content-type': 'text/plain' };
  const created = await app.inject({ method: 'POST', url: '/_matrix/media/v1/create', headers, payload: '{}' });
  const { content_uri, unused_expires_at } = created.json();
  assert.ok(unused_expires_at > Date.now() + 3_600_000);
  const name = content_uri.slice('mxc://'.length);
  const download = { method: 'GET', url: `/_matrix/client/v1/media/download/${name}?timeout_ms=0`, headers } as const;
  assert.deepEqual((await app.inject(download)).json().errcode, 'M_NOT_YET_UPLOADED');
  const upload = { method: 'PUT', url: `/_matrix/media/v3/upload/${name}?filename=a.txt`, headers } as const;
  const filled = await app.inject({ ...upload, payload: 'content' });
  assert.deepEqual([filled.statusCode, filled.json()], [200, {}]);
  const again = await app.inject({ ...upload, payload: 'other' });
  assert.deepEqual([again.statusCode, again.json().errcode], [409, 'M_CANNOT_OVERWRITE_MEDIA']);
  const got = await app.inject(download);
  assert.deepEqual([got.body, got.headers['content-disposition']], ['content', 'inline; filename="a.txt"']);
});

onEachDatabase('the limit is told, to those with a token', async db => {
  await using world = await openMedia(db, { settings: { maxUploadBytes: 12345 } });
  for (const url of ['/_matrix/client/v1/media/config', '/_matrix/media/v3/config', '/_matrix/media/r0/config']) {
    const answer = await world.http.app.inject({ url, headers: { authorization: 'Bearer alice' } });
    assert.deepEqual(answer.json(), { 'm.upload.size': 12345 });
    assert.equal((await world.http.app.inject({ url })).statusCode, 401);
  }
});
