import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { identityOf } from '../../test/support/federation.ts';
import { DAY_MS, keyAnswer, keyWorld } from '../../test/support/key-servers.ts';
import { federationServer, signed } from '../../test/support/signed-requests.ts';
import { encodeBase64 } from '../core/base64.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { requestAuthentication } from '../federation/inbound/request-authentication.ts';
import { endpoint } from './endpoint.ts';

const US = 'us.example';

/** `us.example` with two endpoints that say who called them, over a real socket so that every byte counts. */
async function serving(db: Database, t: TestContext) {
  const world = keyWorld(db);
  world.servers.published.set('peer.example', keyAnswer(world.peer, world.clock.now() + DAY_MS));
  const routes = [
    endpoint({
      method: 'PUT',
      path: '/_matrix/federation/v1/send/:txnId',
      auth: 'server',
      handle: async ({ origin, body }) => ({ origin, body }),
    }),
    endpoint({
      method: 'GET',
      path: '/_matrix/federation/v1/event/:eventId',
      auth: 'server',
      handle: async ({ origin, params }) => ({ origin, event: params.eventId }),
    }),
    endpoint({
      method: 'GET',
      path: '/_matrix/federation/v1/publicRooms',
      auth: 'server',
      limit: 'search',
      handle: async ({ origin }) => ({ origin }),
    }),
  ];
  const counted: string[] = [];
  const countServer = async (limit: string, origin: string) => {
    if (counted.push(`${limit} ${origin}`) > 1)
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests.', { fields: { retry_after_ms: 1500 } });
  };
  const authenticate = requestAuthentication({ ...world, keyRing: world.ring });
  const server = federationServer(t, routes, authenticate, { countServer });
  const port = Number(new URL(await server.listen('127.0.0.1', 0)).port);
  const call = async (method: string, target: string, headers: readonly string[], body = '') => {
    const socket = connect(port, '127.0.0.1');
    const head = [
      `${method} ${target} HTTP/1.1`,
      `host: ${US}`,
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    const lines = [...head, 'content-type: application/json', ...headers.map(each => `authorization: ${each}`)];
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const [answerHead = '', ...rest] = (await text(socket)).split('\r\n\r\n');
    return { status: Number(answerHead.split(' ')[1]), body: JSON.parse(rest.join('')) as JsonObject };
  };
  return { ...world, call, counted };
}

const SEND = '/_matrix/federation/v1/send/1';

onEachDatabase('a signed request comes in with its origin and body', async (db, t) => {
  const { call, peer } = await serving(db, t);
  const body = { pdus: [], big: 'ü' };
  const answer = await call('PUT', SEND, [signed(peer, US, 'PUT', SEND, body)], JSON.stringify(body));
  assert.deepEqual([answer.status, answer.body], [200, { origin: 'peer.example', body }]);
  const spaced = await call('PUT', SEND, [signed(peer, US, 'PUT', SEND, body)], '{ "big":"\\u00fc",\n"pdus" : [] }');
  assert.equal(spaced.status, 200, 'another spelling of the same JSON');
  const event = '/_matrix/federation/v1/event/%24a';
  assert.deepEqual((await call('GET', event, [signed(peer, US, 'GET', event)])).body, {
    origin: 'peer.example',
    event: '$a',
  });
});

onEachDatabase(
  'a server is counted by the name that it signed with, and nobody by a name that he only says',
  async (db, t) => {
    const { call, peer, counted } = await serving(db, t);
    const target = '/_matrix/federation/v1/publicRooms';
    const stranger = signed(identityOf('peer.example', 5, 'ed25519:peer'), US, 'GET', target);
    assert.equal((await call('GET', target, [stranger])).status, 401);
    assert.deepEqual(counted, []);
    assert.equal((await call('GET', target, [signed(peer, US, 'GET', target)])).status, 200);
    const late = await call('GET', target, [signed(peer, US, 'GET', target)]);
    assert.deepEqual([late.status, late.body.errcode, late.body.retry_after_ms], [429, 'M_LIMIT_EXCEEDED', 1500]);
    assert.deepEqual(counted, ['search peer.example', 'search peer.example']);
  },
);

onEachDatabase(
  'N076 headers that are missing, malformed, for another server or partly wrong are refused with 401',
  async (db, t) => {
    const { call, peer, identity } = await serving(db, t);
    const good = signed(peer, US, 'PUT', SEND, {});
    const wrong: [string, string[]][] = [
      ['none', []],
      ['a token', ['Bearer abc']],
      ['no signature', ['X-Matrix origin="peer.example",key="ed25519:peer"']],
      ['a parameter twice', [`${good},origin="peer.example"`]],
      ['another destination', [signed(peer, 'other.example', 'PUT', SEND, {})]],
      ['two, one of which does not hold', [good, good.replace(/sig="./, 'sig="_')]],
      ['two of different origins', [good, signed(identityOf('other.example', 5), US, 'PUT', SEND, {})]],
      ['an unknown key', [good.replace('ed25519:peer', 'ed25519:other')]],
      ['an origin that cannot be reached', [signed(identityOf('dead.example', 5), US, 'PUT', SEND, {})]],
      ['a stranger as the origin', [signed(identityOf('peer.example', 5, 'ed25519:peer'), US, 'PUT', SEND, {})]],
      ['our own key under another name', [signed({ ...identity, serverName: peer.serverName }, US, 'PUT', SEND, {})]],
    ];
    for (const [title, headers] of wrong) {
      const { status, body } = await call('PUT', SEND, headers, '{}');
      assert.deepEqual([status, body.errcode], [401, 'M_UNAUTHORIZED'], title);
    }
    for (const headers of [
      [good],
      [good, good],
      [good.replace('X-Matrix', 'x-mATRIX'), good],
      [good.replaceAll('"', '')],
    ]) {
      assert.equal((await call('PUT', SEND, headers, '{}')).status, 200, headers.join());
    }
  },
);

onEachDatabase('N077 the signature is over the raw target, whatever its path decodes to', async (db, t) => {
  const { call, peer } = await serving(db, t);
  const base = '/_matrix/federation/v1/event/';
  for (const target of [`${base}%24a%2Fb`, `${base}$a`, `${base}%24a?x=%20&y=+`, `${base}%24a?`]) {
    assert.equal((await call('GET', target, [signed(peer, US, 'GET', target)])).status, 200, target);
  }
  const swaps = [
    [`${base}%24a`, `${base}$a`],
    [`${base}%2f`, `${base}%2F`],
    [`${base}%24a?x=1`, `${base}%24a`],
    [`${base}%24a`, `${base}%24a?`],
    [`${base}%24a?x=+`, `${base}%24a?x=%20`],
  ] as const;
  for (const [asked, claimed] of swaps) {
    assert.equal((await call('GET', asked, [signed(peer, US, 'GET', claimed)])).status, 401, `${asked} as ${claimed}`);
  }
});

onEachDatabase('N078 a signature does not hold for another method or body', async (db, t) => {
  const { call, peer } = await serving(db, t);
  const header = signed(peer, US, 'PUT', SEND, { a: 1 });
  for (const body of ['{"a":2}', '{"a":1,"b":1}', '{}', '', '{"a":1.0}', '{"a":"1"}']) {
    assert.equal((await call('PUT', SEND, [header], body)).status, 401, body);
  }
  assert.equal((await call('PUT', SEND, [signed(peer, US, 'GET', SEND)])).status, 401);
  for (const body of ['{"a":1', '{"a":1,"a":1}', '\u{1}']) {
    assert.equal((await call('PUT', SEND, [header], body)).status, 400, body);
  }
});

onEachDatabase('N080 our own name, in any case, is no origin', async (db, t) => {
  const { call, identity, servers } = await serving(db, t);
  for (const name of [US, 'US.Example']) {
    const { status } = await call(
      'PUT',
      SEND,
      [signed({ ...identity, serverName: name as typeof identity.serverName }, US, 'PUT', SEND, {})],
      '{}',
    );
    assert.equal(status, 401);
  }
  assert.deepEqual(servers.asked, []);
});

onEachDatabase('a key that its server has given up, or let expire, signs no request', async (db, t) => {
  const { call, servers, peer, clock } = await serving(db, t);
  const next = identityOf('peer.example', 8, 'ed25519:next');
  const old = { 'ed25519:peer': { key: encodeBase64(peer.signingKey.publicKey), expired_ts: clock.now() + DAY_MS } };
  servers.published.set('peer.example', keyAnswer(next, clock.now() + DAY_MS, { old_verify_keys: old }));
  assert.equal((await call('PUT', SEND, [signed(peer, US, 'PUT', SEND, {})], '{}')).status, 401);
  assert.equal((await call('PUT', SEND, [signed(next, US, 'PUT', SEND, {})], '{}')).status, 200);
  servers.published.delete('peer.example');
  clock.advance(DAY_MS + 1);
  assert.equal((await call('PUT', SEND, [signed(next, US, 'PUT', SEND, {})], '{}')).status, 401);
});
