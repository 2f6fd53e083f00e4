import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { identityOf } from '../../../../test/support/federation.ts';
import { DAY_MS, keyAnswer, keyWorld } from '../../../../test/support/key-servers.ts';
import { federationServer } from '../../../../test/support/signed-requests.ts';
import { canonicalJson } from '../../../core/canonical-json.ts';
import type { ServerName } from '../../../core/ids.ts';
import { getArray, getInteger, getObject, type Json, type JsonObject } from '../../../core/json.ts';
import { readServerKeys } from '../../../core/server-keys.ts';
import { verifyJson } from '../../../core/signatures.ts';
import type { Database } from '../../../db/database.ts';
import { Notary } from '../../../federation/keys/notary.ts';
import { federationRoutes } from '../routes.ts';

function serving(db: Database, t: TestContext) {
  const world = keyWorld(db);
  const { clock, identity, own, ring } = world;
  const notary = new Notary({ db, clock, identity, own, keyRing: ring });
  const routes = federationRoutes({ published: own, notary, clock, version: '1.2.3' });
  const { app } = federationServer(t, routes, () => assert.fail('nothing here is signed'));
  const get = async (url: string) => {
    const response = await app.inject({ method: 'GET', url });
    return { status: response.statusCode, text: response.body, body: response.json() as JsonObject };
  };
  const query = async (server_keys: unknown) => {
    const response = await app.inject({
      method: 'POST',
      url: '/_matrix/key/v2/query',
      payload: { server_keys } as object,
    });
    return { status: response.statusCode, body: response.json() as JsonObject };
  };
  return { ...world, get, query };
}

const answers = (body: JsonObject) => (getArray(body, 'server_keys') ?? []) as readonly JsonObject[];

onEachDatabase('our keys are published, signed, valid for a day, with the old one', async (db, t) => {
  const { get, identity, clock } = serving(db, t);
  for (const path of ['/server', '/server/', '/server/ed25519:us']) {
    const { status, text, body } = await get(`/_matrix/key/v2${path}`);
    assert.equal(status, 200);
    assert.equal(text, canonicalJson(body));
    const keys = readServerKeys(body, identity.serverName, clock.now(), identity.crypto);
    assert.deepEqual([...keys.keys()].sort(), ['ed25519:before', 'ed25519:us']);
    assert.equal(keys.get('ed25519:before')?.current, false);
  }
  const until = async () => getInteger((await get('/_matrix/key/v2/server')).body, 'valid_until_ts') ?? 0;
  assert.equal(await until(), clock.now() + DAY_MS);
  clock.advance(10 * DAY_MS + 1);
  assert.equal(await until(), clock.now() + DAY_MS);
});

onEachDatabase('as a notary we sign what a server published, fresh or from what it published last', async (db, t) => {
  const { get, query, servers, peer, identity, clock } = serving(db, t);
  servers.published.set('peer.example', keyAnswer(peer, clock.now() + DAY_MS));
  const { body } = await get('/_matrix/key/v2/query/peer.example');
  const [answer = {}] = answers(body);
  readServerKeys(answer, 'peer.example' as ServerName, clock.now(), identity.crypto);
  const { keyId, publicKey } = identity.signingKey;
  assert.ok(verifyJson(answer, identity.serverName, keyId, publicKey, identity.crypto));
  await query({ 'peer.example': { 'ed25519:peer': { minimum_valid_until_ts: clock.now() } } });
  assert.deepEqual(servers.asked, ['peer.example'], 'it is fresh enough');
  servers.published.delete('peer.example');
  clock.advance(5 * DAY_MS);
  assert.equal(answers((await query({ 'peer.example': {} })).body).length, 1, 'the server is gone, its keys are not');
  assert.equal(servers.asked.length, 2);
  const both = await query({ 'us.example': {}, 'nobody.example': {} });
  assert.deepEqual(
    answers(both.body).map(each => each.server_name),
    ['us.example'],
  );
});

onEachDatabase('N066 a query for many servers makes us ask few', async (db, t) => {
  const { query, get, servers } = serving(db, t);
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}.example`, {}]));
  assert.equal((await query(many(10_000))).status, 400);
  assert.deepEqual((await query(many(501))).body.errcode, 'M_INVALID_PARAM');
  assert.deepEqual(servers.asked, []);
  assert.deepEqual((await query(many(500))).body, { server_keys: [] });
  assert.equal(servers.asked.length, 16);
  await Promise.all(Array.from({ length: 10 }, (_, at) => query({ [`t${at}.example`]: {} })));
  assert.ok(servers.asked.length <= 26);
  assert.equal((await get('/_matrix/key/v2/query/a..b')).status, 400);
  assert.equal((await get('/_matrix/key/v2/query/a%2Fb')).status, 400);
});

onEachDatabase('queries of a wrong shape are refused, bad names in them passed over', async (db, t) => {
  const { query, servers } = serving(db, t);
  const wrong: Json[] = [null, [], 'x', { 'peer.example': [] }, { 'peer.example': { 'ed25519:a': 1 } }];
  for (const each of wrong) assert.equal((await query(each)).status, 400, JSON.stringify(each));
  assert.deepEqual((await query({ 'a..b': {}, 'http://x': {} })).body, { server_keys: [] });
  assert.deepEqual(servers.asked, []);
});

onEachDatabase('a server that publishes what cannot be signed is left out', async (db, t) => {
  const { query, servers, clock } = serving(db, t);
  const odd = identityOf('odd.example', 6, 'ed25519:odd');
  servers.published.set('odd.example', { ...keyAnswer(odd, clock.now() + DAY_MS), extra: 1.5 });
  assert.deepEqual((await query({ 'odd.example': {} })).body, { server_keys: [] });
});

onEachDatabase('the version is told', async (db, t) => {
  const { body } = await serving(db, t).get('/_matrix/federation/v1/version');
  assert.deepEqual(getObject(body, 'server'), { name: 'Copse', version: '1.2.3' });
});
