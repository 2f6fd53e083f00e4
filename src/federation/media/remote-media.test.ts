import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { peerOf, testClient } from '../../../test/support/federation.ts';
import { refusal } from '../../../test/support/media.ts';
import type { ServerName } from '../../core/ids.ts';
import type { MediaId } from '../../media/media-id.ts';
import type { RemoteFileWish } from '../../media/ports.ts';
import { systemHttpsStream } from '../transport/https-stream.ts';
import { FederatedMedia } from './remote-media.ts';

const PEER = 'peer.example' as ServerName;
const TYPE = { 'content-type': 'multipart/mixed; boundary=b' };

/** `peer.example` with one file, and what fetches it. */
async function withPeer(t: TestContext, longestMs?: number) {
  const world = testClient(t);
  const peer = await peerOf(t, world, PEER);
  const { client, clock, net, dialer } = world;
  const https = systemHttpsStream({ resolver: net.resolver, dialer, clock, userAgent: 'Copse/test' });
  const media = new FederatedMedia({ client, https, clock }, longestMs);
  const wish = { origin: PEER, mediaId: 'abc' as MediaId, timeoutMs: 100, maxBytes: 1000 };
  const get = (changes: Partial<RemoteFileWish> = {}) =>
    media.fetch({ ...wish, ...changes }, async ({ contentType, fileName, body }) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return [contentType, fileName, Buffer.concat(chunks).toString()];
    });
  return { ...world, peer, media, wish, get };
}

function multipart(part: string): string {
  return `--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n${part}\r\n--b--\r\n`;
}

test('a file is asked for with a signature, and the connection kept', async t => {
  const { peer, get, client } = await withPeer(t);
  const disposition = `attachment; filename="f_r.txt"; filename*=utf-8''f%C3%BCr.txt`;
  peer.answer = (response, { target }) => {
    assert.equal(target, '/_matrix/federation/v1/media/download/abc?timeout_ms=100');
    const part = `Content-Type: text/plain\r\nContent-Disposition: ${disposition}\r\n\r\nthe file`;
    response.writeHead(200, TYPE).end(multipart(part));
  };
  for (let at = 0; at < 3; at++) assert.deepEqual(await get(), ['text/plain', 'für.txt', 'the file']);
  assert.match(String(peer.seen[0]?.headers.authorization), /^X-Matrix /);
  assert.equal(peer.seen[0]?.headers.accept, 'multipart/mixed');
  assert.deepEqual([peer.connections, client.load.running], [1, 0]);
});

test('what is thrown while the file is used comes out as it is, and the connection is let go', async t => {
  const { peer, media, wish, client } = await withPeer(t);
  peer.answer = response => void response.writeHead(200, TYPE).end(multipart(`\r\n${'x'.repeat(1000)}`));
  const reason = new Error('no disk');
  await assert.rejects(
    media.fetch(wish, () => Promise.reject(reason)),
    error => error === reason,
  );
  await assert.rejects(
    media.fetch(wish, async ({ body }) => {
      for await (const _ of body) throw reason;
    }),
    error => error === reason,
  );
  assert.equal(client.load.running, 0);
});

test('servers from before authenticated media are asked the old way', async t => {
  const { peer, get } = await withPeer(t);
  for (const [status, body] of [
    [404, '{"errcode":"M_UNRECOGNIZED","error":""}'],
    [405, '{"errcode":"M_UNRECOGNIZED"}'],
    [404, '<html>'],
    [400, 'Bad Request'],
  ] as const) {
    peer.seen.length = 0;
    peer.answer = (response, { target }) => {
      if (target.startsWith('/_matrix/federation/')) response.writeHead(status).end(body);
      else
        response
          .writeHead(200, { 'content-type': 'text/plain', 'content-disposition': 'inline; filename=a' })
          .end('old');
    };
    assert.deepEqual(await get(), ['text/plain', 'a', 'old']);
    const [, second] = peer.seen;
    assert.equal(second?.target, '/_matrix/media/v3/download/peer.example/abc?timeout_ms=100&allow_remote=false');
    assert.equal(second?.headers.authorization, undefined);
  }
});

test('refusals become what clients are told', async t => {
  const { peer, get } = await withPeer(t);
  for (const [status, errcode, told] of [
    [404, 'M_NOT_FOUND', '404 M_NOT_FOUND'],
    [504, 'M_NOT_YET_UPLOADED', '504 M_NOT_YET_UPLOADED'],
    [502, 'M_TOO_LARGE', '502 M_TOO_LARGE'],
    [403, 'M_FORBIDDEN', '502 M_UNKNOWN'],
    [429, 'M_LIMIT_EXCEEDED', '502 M_UNKNOWN'],
    [500, 'M_UNKNOWN', '502 M_UNKNOWN'],
  ] as const) {
    peer.seen.length = 0;
    peer.json({ errcode, error: 'no' }, status);
    assert.equal(await refusal(get()), told);
    assert.equal(peer.seen.length, 1, 'the old way is not tried');
  }
  assert.equal(await refusal(get({ origin: 'nowhere.example' as ServerName })), '502 M_UNKNOWN');
});

test('N186 answers that are no multipart with a file, too large or cut off are refused', async t => {
  const { peer, get, client } = await withPeer(t);
  const answers: readonly (readonly [Record<string, string>, string])[] = [
    [{ 'content-type': 'text/plain' }, 'the file'],
    [{ 'content-type': 'multipart/mixed' }, multipart('\r\nx')],
    [TYPE, '--b\r\n\r\nthe file\r\n--b--'],
    [TYPE, '--b\r\n\r\n{}\r\n--b\r\n\r\nthe fi'],
    [TYPE, `--b\r\n\r\n${'x'.repeat(30_000)}\r\n--b\r\n\r\nthe file\r\n--b--`],
    [TYPE, `--b\r\n\r\n{}\r\n--b\r\nA: ${'x'.repeat(30_000)}\r\n\r\nthe file\r\n--b--`],
    [{ ...TYPE, 'content-encoding': 'gzip' }, multipart('\r\nx')],
  ];
  for (const [headers, body] of answers) {
    peer.answer = response => void response.writeHead(200, headers).end(body);
    assert.equal(await refusal(get()), '502 M_UNKNOWN', body.slice(0, 60));
  }
  peer.answer = response => void response.writeHead(200, { ...TYPE, 'content-length': '200000000' }).write('--b');
  assert.equal(await refusal(get()), '502 M_TOO_LARGE');
  let sent = 0;
  peer.answer = response => {
    response.writeHead(200, TYPE).write('--b\r\n\r\n{}\r\n--b\r\n\r\n');
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000))) sent += 10_000;
    };
    response.on('drain', more);
    more();
  };
  assert.equal(await refusal(get()), '502 M_UNKNOWN', 'it never ends');
  assert.ok(sent < 20_000_000, `${sent} bytes were taken`);
  assert.equal(client.load.running, 0);
});

test('N186 a file that comes in drips is given up', async t => {
  const { peer, get } = await withPeer(t, 300);
  peer.answer = response => {
    response.writeHead(200, TYPE).write('--b\r\n\r\n{}\r\n--b\r\n\r\n');
    const drip = setInterval(() => (response.destroyed ? clearInterval(drip) : response.write('x')), 20);
  };
  assert.equal(await refusal(get()), '502 M_UNKNOWN');
  peer.answer = () => undefined;
  assert.equal(await refusal(get()), '502 M_UNKNOWN');
});

test('a file that is kept elsewhere is fetched from there, over a few redirects', async t => {
  const world = await withPeer(t);
  const { peer, get } = world;
  const store = await peerOf(t, world, 'store.example');
  const at = (path: string) => `https://store.example:${store.port}${path}`;
  peer.answer = response => void response.writeHead(200, TYPE).end(multipart(`Location: ${at('/first')}\r\n\r\n`));
  store.answer = (response, { target, headers }) => {
    assert.equal(headers.authorization, undefined);
    if (target === '/first') response.writeHead(307, { location: '/second' }).end();
    else
      response
        .writeHead(200, { 'content-type': 'image/png', 'content-disposition': 'inline; filename="p.png"' })
        .end('png');
  };
  assert.deepEqual(await get(), ['image/png', 'p.png', 'png']);
  store.answer = response => void response.writeHead(307, { location: '/again' }).end();
  store.seen.length = 0;
  assert.equal(await refusal(get()), '502 M_UNKNOWN');
  assert.equal(store.seen.length, 6);
  store.answer = response => void response.writeHead(404).end();
  assert.equal(await refusal(get()), '502 M_UNKNOWN');
  store.answer = response => void response.writeHead(200, { 'content-length': '2000' }).write('x');
  assert.equal(await refusal(get()), '502 M_TOO_LARGE');
});

test('N118 N119 N186 a file is not fetched from a private address, nor without TLS', async t => {
  const world = await withPeer(t);
  const { peer, net, get } = world;
  net.addresses['in.example'] = ['192.168.0.1'];
  let location = '';
  const store = await peerOf(t, world, 'store.example');
  store.answer = response => void response.writeHead(302, { location }).end();
  const bad = [
    'https://10.0.0.1/x',
    'https://[::ffff:169.254.169.254]/x',
    'https://2130706433.example:1/x',
    'https://0xa000001/x',
    'https://in.example/x',
    'http://store.example/x',
    'file:///etc/passwd',
    'https://user:password@store.example/x',
    '//',
    '',
  ];
  for (location of bad) {
    for (const first of [location, `https://store.example:${store.port}/x`]) {
      peer.answer = response => void response.writeHead(200, TYPE).end(multipart(`Location: ${first}\r\n\r\n`));
      assert.equal(await refusal(get()), '502 M_UNKNOWN', first);
    }
  }
});
