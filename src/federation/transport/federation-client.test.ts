import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../../test/support/bus.ts';
import { testClient } from '../../../test/support/federation.ts';
import { type Answer, TlsPeer } from '../../../test/support/tls-peer.ts';
import type { ServerName } from '../../core/ids.ts';
import { parseXMatrix, verifyRequest } from '../../core/xmatrix.ts';
import { DialError } from './dialer.ts';
import { RefusedError, UnreachableError } from './errors.ts';
import type { FederationRequest } from './federation-client.ts';
import { path } from './request-target.ts';

const VERSION = { method: 'GET', path: '/_matrix/federation/v1/version' } as const;
const PEER = 'peer.example' as ServerName;

/** `peer.example` on loopback, delegated to by its `.well-known`. */
async function withPeer(t: TestContext, names: readonly string[] = [PEER], expired = false) {
  const world = testClient(t);
  const peer = await TlsPeer.open(world.authority.issue({ names, expired }));
  t.after(() => peer[Symbol.asyncDispose]());
  world.net.delegate(PEER, `${PEER}:${peer.port}`);
  world.net.addresses[PEER] = ['127.0.0.1'];
  return { ...world, peer, ask: (request: FederationRequest = VERSION) => world.client.request(PEER, request) };
}

/** Waits for a failure at a stage, and gives it. */
async function failure(asked: Promise<unknown>, stage: string): Promise<UnreachableError> {
  const error = await asked.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof UnreachableError, String(error));
  assert.equal(error.stage, stage, error.message);
  return error;
}

test('a request is signed over exactly what is sent, and its answer parsed', async t => {
  const { peer, ask, identity } = await withPeer(t);
  peer.json({ ok: true });
  const target = path`/_matrix/federation/v1/send_knock/${'!a/b:ü'}/${'$x+y'}`;
  const answer = await ask({
    method: 'PUT',
    path: target,
    query: { ver: ['1', '2 3'], none: undefined },
    body: { b: 1, a: 'ü' },
  });
  assert.deepEqual(answer, { ok: true });
  const [seen] = peer.seen;
  assert.equal(seen?.target, '/_matrix/federation/v1/send_knock/!a%2Fb%3A%C3%BC/%24x%2By?ver=1&ver=2%203');
  assert.equal(seen?.headers.host, `${PEER}:${peer.port}`);
  const header = parseXMatrix(seen?.headers.authorization ?? '') ?? assert.fail('no X-Matrix');
  assert.equal(header.destination, PEER);
  const received = { method: 'PUT', uri: seen.target, body: seen.body };
  assert.ok(verifyRequest(received, header, identity.signingKey.publicKey, identity.crypto));
});

test('connections are kept, and one that went stale is no failure', async t => {
  const { peer, ask, client } = await withPeer(t);
  for (let at = 0; at < 5; at++) await ask();
  assert.equal(peer.connections, 1);
  assert.deepEqual(client.load, { running: 0, idle: 1 });
  peer.closeConnections();
  await ask();
  assert.equal(peer.connections, 2);
});

test('at most eight requests run at once for one server, the others wait', async t => {
  const { peer, ask } = await withPeer(t);
  const running: ServerResponse[] = [];
  let most = 0;
  peer.answer = response => {
    most = Math.max(most, running.push(response));
  };
  const asked = Array.from({ length: 30 }, () => ask());
  for (const batch of [8, 8, 8, 6]) {
    await eventually(() => running.length === batch);
    await wait(20);
    for (const response of running.splice(0)) response.end('{}');
  }
  await Promise.all(asked);
  assert.equal(most, 8);
});

test('a refusal keeps status, errcode and waiting time', async t => {
  const { peer, ask } = await withPeer(t);
  peer.json({ errcode: 'M_LIMIT_EXCEEDED', error: 'slow down', retry_after_ms: 1500 }, 429);
  await assert.rejects(ask(), (error: RefusedError) => {
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.status, error.errcode, error.retryAfterMs], [429, 'M_LIMIT_EXCEEDED', 1500]);
    return true;
  });
  peer.answer = response => void response.writeHead(502, { 'retry-after': '7' }).end('<h1>Bad gateway</h1>');
  await assert.rejects(ask(), (error: RefusedError) => {
    assert.deepEqual([error.status, error.errcode, error.retryAfterMs], [502, undefined, 7000]);
    return true;
  });
});

const NO_ANSWERS: readonly [title: string, answer: Answer][] = [
  ['a redirect', response => void response.writeHead(307, { location: '/elsewhere' }).end()],
  ['no JSON', response => void response.end('<html>')],
  ['the same key twice', response => void response.end('{"a":1,"a":2}')],
  ['too much, announced', response => void response.writeHead(200, { 'content-length': '3000000' }).end()],
  ['too much, unannounced', response => void response.end('x'.repeat(300_000))],
  ['something packed', response => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}')],
  [
    'half of it',
    response => void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
  ],
  ['nothing', response => void response.destroy()],
];

for (const [title, answer] of NO_ANSWERS) {
  test(`an answer that is ${title} is a failure of HTTP, and the next request works`, async t => {
    const { peer, ask, client } = await withPeer(t);
    peer.answer = answer;
    await failure(ask({ ...VERSION, maxBytes: 200_000 }), 'http');
    assert.equal(peer.seen.at(-1)?.target, VERSION.path);
    peer.json({ fine: 1 });
    assert.deepEqual(await ask(), { fine: 1 });
    assert.equal(client.load.running, 0);
  });
}

test('a peer that takes the request and says nothing is cut off in time', async t => {
  const { peer, ask } = await withPeer(t);
  peer.answer = () => undefined;
  const error = await failure(ask({ ...VERSION, timeoutMs: 200 }), 'http');
  assert.match(error.message, /no answer within 0.2 s/);
  peer.answer = response => void response.write('{"a":');
  await failure(ask({ ...VERSION, timeoutMs: 200 }), 'http');
});

test('what the caller aborts ends with the caller’s reason', async t => {
  const { peer, ask, client } = await withPeer(t);
  peer.answer = () => undefined;
  const stop = new AbortController();
  const asked = ask({ ...VERSION, signal: stop.signal });
  setTimeout(() => stop.abort(new RangeError('enough')), 50);
  await assert.rejects(asked, RangeError);
  assert.equal(client.load.running, 0);
});

test('a large answer is read in pieces', async t => {
  const { peer, client } = await withPeer(t);
  peer.answer = response => {
    for (let at = 0; at < 64; at++) response.write(Buffer.alloc(65_536, 32));
    response.end('{}');
  };
  let bytes = 0;
  {
    await using answer = await client.stream(PEER, { ...VERSION, maxBytes: 5_000_000 });
    for await (const piece of answer.body) bytes += piece.length;
  }
  assert.equal(bytes, 64 * 65_536 + 2);
  {
    // Whoever reads only the beginning leaves no connection behind.
    await using answer = await client.stream(PEER, { ...VERSION, maxBytes: 5_000_000 });
    for await (const piece of answer.body) if (piece.length > 0) break;
  }
  assert.equal(client.load.running, 0);
  await using cut = await client.stream(PEER, { ...VERSION, maxBytes: 100_000 });
  await failure(Array.fromAsync(cut.body), 'http');
});

const BAD_CERTIFICATES: readonly [title: string, names: readonly string[], expired: boolean][] = [
  ['for another name', ['other.example'], false],
  ['for the address alone', ['127.0.0.1'], false],
  ['that has expired', [PEER], true],
];

for (const [title, names, expired] of BAD_CERTIFICATES) {
  test(`a certificate ${title} is refused before anything is sent`, async t => {
    const { peer, ask } = await withPeer(t, names, expired);
    await failure(ask(), 'tls');
    assert.equal(peer.seen.length, 0);
  });
}

test('a certificate of an unknown authority is refused, unless certificates are not checked at all', async t => {
  const { peer, ask } = await withPeer(t);
  const stranger = testClient(t);
  const lax = testClient(t, ['127.0.0.1'], false);
  for (const { net } of [stranger, lax]) {
    net.delegate(PEER, `${PEER}:${peer.port}`);
    net.addresses[PEER] = ['127.0.0.1'];
  }
  await failure(stranger.client.request(PEER, VERSION), 'tls');
  assert.deepEqual(await lax.client.request(PEER, VERSION), {});
  assert.deepEqual(await ask(), {});
});

test('a server that is an IP address must have a certificate for it', async t => {
  const { client, authority } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['127.0.0.1'] }));
  assert.deepEqual(await client.request(`127.0.0.1:${peer.port}` as ServerName, VERSION), {});
  assert.equal(peer.seen[0]?.headers.host, `127.0.0.1:${peer.port}`);
});

for (const address of [
  '127.0.0.1',
  '::ffff:127.0.0.1',
  '10.0.0.1',
  '169.254.169.254',
  '192.168.1.1',
  '::1',
  'fc00::1',
  'fe80::1',
]) {
  test(`N118 ${address} behind a name is refused at connect time unless it is allowed`, async t => {
    const { net, client } = testClient(t, []);
    net.delegate(PEER, `${PEER}:1`);
    net.addresses[PEER] = [address];
    const error = await failure(client.request(PEER, VERSION), 'policy');
    assert.match(error.message, /private address/);
  });
}

test('N118 addresses in server names, delegations and SRV records are judged too', async t => {
  const { net, client } = testClient(t, []);
  await failure(client.request('127.0.0.1:1' as ServerName, VERSION), 'policy');
  await failure(client.request('[::1]' as ServerName, VERSION), 'policy');
  net.delegate('one.example', '10.1.1.1:1');
  await failure(client.request('one.example' as ServerName, VERSION), 'policy');
  net.records['_matrix-fed._tcp.two.example'] = [{ name: 'in.example', port: 1, priority: 1, weight: 1 }];
  net.addresses['in.example'] = ['192.168.0.1'];
  await failure(client.request('two.example' as ServerName, VERSION), 'policy');
});

test('N119 the address that was judged is the one connected to, whatever DNS says next', async t => {
  const { net, client } = testClient(t, []);
  net.delegate(PEER, `${PEER}:1`);
  net.addresses[PEER] = ['192.0.2.1'];
  let answers = 0;
  const resolver = net.resolver as { lookup: (host: string) => Promise<readonly string[]> };
  resolver.lookup = async () => [answers++ === 0 ? '127.0.0.2' : '127.0.0.1'];
  const error = await failure(client.request(PEER, VERSION), 'policy');
  assert.equal(answers, 1);
  assert.deepEqual(
    (error.cause as DialError).failed.map(({ address }) => address),
    ['127.0.0.2'],
  );
});

test('a dead address is passed over, and the family that worked is remembered', async t => {
  const { peer, net, ask, discovery } = await withPeer(t);
  const [dead] = [createServer(socket => socket.destroy())];
  dead.listen(peer.port, '::1');
  await once(dead, 'listening');
  let knocks = 0;
  dead.on('connection', () => knocks++);
  t.after(() => dead.close());
  net.addresses[PEER] = ['::1', '127.0.0.1'];
  await ask();
  assert.equal(knocks, 1);
  peer.closeConnections();
  discovery.forget(PEER);
  await ask();
  assert.equal(knocks, 1, 'IPv4 is tried first now');
});

test('when no address takes a connection, the failure tells of each', async t => {
  const { net, client } = testClient(t);
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as { port: number };
  closed.close();
  await once(closed, 'close');
  net.delegate(PEER, `${PEER}:${port}`);
  net.addresses[PEER] = ['127.0.0.1', '127.0.0.2'];
  const error = await failure(client.request(PEER, VERSION), 'connect');
  assert.ok(error.cause instanceof DialError && error.cause.failed.length === 2);
  assert.match(error.message, /ECONNREFUSED/);
});

test('our own name, bad names and names without an address are told apart', async t => {
  const { client } = testClient(t);
  await failure(client.request('us.example' as ServerName, VERSION), 'policy');
  await failure(client.request('a/b' as ServerName, VERSION), 'name');
  await failure(client.request('nowhere.example' as ServerName, VERSION), 'dns');
});
