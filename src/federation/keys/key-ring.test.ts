import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { identityOf } from '../../../test/support/federation.ts';
import { DAY_MS, keyAnswer, keyWorld } from '../../../test/support/key-servers.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { keyValidAt } from '../../core/key-validity.ts';
import { knownRoomVersions } from '../../core/room-versions.ts';
import { signJson } from '../../core/signatures.ts';
import { keysOfServers } from './server-key.table.ts';

const PEER = 'peer.example' as ServerName;
const named = (name: string) => name as ServerName;

onEachDatabase('a key comes from its server once, then from memory, then from the database', async db => {
  const { ring, makeRing, servers, peer, clock } = keyWorld(db);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS));
  const key = await ring.key(PEER, 'ed25519:peer', clock.now());
  assert.deepEqual(key?.publicKey, peer.signingKey.publicKey);
  assert.equal(key?.current, true);
  assert.equal(key?.validUntilTs, clock.now() + DAY_MS);
  await ring.key(PEER, 'ed25519:peer', clock.now());
  const again = await makeRing().key(PEER, 'ed25519:peer', clock.now());
  assert.deepEqual(Buffer.from(again?.publicKey ?? []), Buffer.from(peer.signingKey.publicKey));
  assert.deepEqual(servers.asked, [PEER]);
});

onEachDatabase(
  'a key that is not valid long enough is asked for again, one that its server gave up is not',
  async db => {
    const { ring, servers, peer, clock } = keyWorld(db);
    servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS));
    await ring.key(PEER, 'ed25519:peer', clock.now());
    clock.advance(DAY_MS + 1);
    const next = identityOf(PEER, 4, 'ed25519:next');
    const expired_ts = clock.now() - 1000;
    const old = { 'ed25519:peer': { key: encodeBase64(peer.signingKey.publicKey), expired_ts } };
    servers.published.set(PEER, keyAnswer(next, clock.now() + DAY_MS, { old_verify_keys: old }));
    const key = await ring.key(PEER, 'ed25519:peer', clock.now());
    assert.deepEqual([key?.current, key?.validUntilTs], [false, expired_ts]);
    clock.advance(120_000);
    await ring.key(PEER, 'ed25519:peer', clock.now());
    assert.equal(servers.asked.length, 2);
  },
);

onEachDatabase('N061 a key ID never changes its key', async db => {
  const { ring, makeRing, servers, peer, clock } = keyWorld(db);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS));
  await ring.key(PEER, 'ed25519:peer', clock.now());
  const thief = identityOf(PEER, 7, 'ed25519:peer');
  servers.published.set(PEER, keyAnswer(thief, clock.now() + 30 * DAY_MS));
  clock.advance(2 * DAY_MS);
  for (const each of [ring, makeRing()]) {
    const key = await each.key(PEER, 'ed25519:peer', clock.now());
    assert.deepEqual(Buffer.from(key?.publicKey ?? []), Buffer.from(peer.signingKey.publicKey));
    assert.ok((key?.validUntilTs ?? 0) < clock.now(), 'nor does its validity move with the other key');
    clock.advance(120_000);
  }
});

onEachDatabase('N062 an event after the end of a key does not count from room version 5 on', async db => {
  const { ring, servers, peer, clock } = keyWorld(db);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + 1000));
  const key = (await ring.key(PEER, 'ed25519:peer', clock.now())) ?? assert.fail('no key');
  const verdicts = knownRoomVersions.map(version => keyValidAt(key.validUntilTs, clock.now() + 5000, version));
  assert.deepEqual(verdicts.slice(0, 5), [true, true, true, true, false]);
  assert.ok(verdicts.slice(4).every(isValid => !isValid));
});

onEachDatabase('N063 a key is believed for seven days at most', async db => {
  const { ring, servers, peer, clock } = keyWorld(db);
  servers.published.set(PEER, keyAnswer(peer, 1e15));
  const key = await ring.key(PEER, 'ed25519:peer', clock.now());
  assert.equal(key?.validUntilTs, clock.now() + 7 * DAY_MS);
});

onEachDatabase('N064 an answer for another server, or not signed by its own key, is refused', async db => {
  const { ring, servers, peer, clock } = keyWorld(db);
  const other = identityOf('other.example', 5, 'ed25519:peer');
  const own = keyAnswer(peer, clock.now() + DAY_MS);
  const { signatures: _signatures, ...unsigned } = own;
  const cases: Json[] = [
    keyAnswer(other, clock.now() + DAY_MS),
    signJson(unsigned, 'other.example', other.signingKey),
    unsigned,
    { ...own, valid_until_ts: clock.now() + 2 * DAY_MS },
    [own],
    'peer.example',
  ];
  for (const each of cases) {
    servers.published.set(PEER, each);
    assert.equal(await ring.key(PEER, 'ed25519:peer', clock.now()), undefined, JSON.stringify(each));
    clock.advance(3_600_000);
  }
  servers.published.set(PEER, own);
  assert.ok(await ring.key(PEER, 'ed25519:peer', clock.now()));
});

/** A notary that answers with `answers`, signed by itself unless they are to be left alone. */
function withNotary(world: ReturnType<typeof keyWorld>, answers: () => Json[], isSigned = true): void {
  const { notary, servers, clock } = world;
  servers.published.set('notary.example', keyAnswer(notary, clock.now() + 30 * DAY_MS));
  const sign = (json: Json) => (isSigned ? signJson(json as JsonObject, 'notary.example', notary.signingKey) : json);
  servers.notaries.set('notary.example', () => ({ server_keys: answers().map(sign) }));
}

onEachDatabase('servers that do not answer are asked for at a notary, all in one request', async db => {
  const world = keyWorld(db);
  const { ring, servers, clock } = world;
  const peers = ['a', 'b', 'c'].map((name, at) => identityOf(`${name}.example`, 10 + at, `ed25519:${name}`));
  withNotary(world, () => peers.map(peer => keyAnswer(peer, clock.now() + DAY_MS)));
  servers.published.set('a.example', keyAnswer(peers[0]!, clock.now() + DAY_MS));
  const wanted = peers.map(({ serverName: server, signingKey: { keyId } }) => ({
    server,
    keyId,
    minValidUntil: clock.now(),
  }));
  const found = await ring.keysFor([...wanted, ...wanted]);
  for (const { serverName, signingKey } of peers) {
    assert.deepEqual(
      Buffer.from(found.get(serverName, signingKey.keyId)?.publicKey ?? []),
      Buffer.from(signingKey.publicKey),
    );
  }
  assert.deepEqual(servers.asked.slice(3), ['notary.example', 'notary.example for others']);
});

onEachDatabase('N065 what a notary says counts only when the origin and the notary have signed it', async db => {
  const world = keyWorld(db);
  const { ring, servers, peer, clock } = world;
  const { signatures: _signatures, ...unsigned } = keyAnswer(peer, clock.now() + DAY_MS);
  const refused: [() => Json[], boolean][] = [
    [() => [unsigned], true],
    [() => [keyAnswer(peer, clock.now() + DAY_MS)], false],
    [() => [keyAnswer(identityOf('other.example', 2, 'ed25519:peer'), clock.now() + DAY_MS)], true],
    [() => ['nonsense', 7, null, {}], false],
  ];
  for (const [answers, isSigned] of refused) {
    withNotary(world, answers, isSigned);
    assert.equal(await ring.key(PEER, 'ed25519:peer', clock.now()), undefined);
    clock.advance(3_600_000);
  }
  assert.equal(servers.asked.filter(line => line === 'notary.example for others').length, 4);
  assert.equal((await keysOfServers(db, [named('other.example')])).size, 0, 'nobody asked for it');
  withNotary(world, () => [unsigned, keyAnswer(peer, clock.now() + DAY_MS)]);
  assert.ok(await ring.key(PEER, 'ed25519:peer', clock.now()), 'and one bad answer does not spoil the others');
});

onEachDatabase('an old answer that a notary repeats does not bring back a key that was given up', async db => {
  const world = keyWorld(db);
  const { ring, servers, peer, clock } = world;
  const before = keyAnswer(peer, clock.now() + DAY_MS);
  const next = identityOf(PEER, 4, 'ed25519:next');
  const old = { 'ed25519:peer': { key: encodeBase64(peer.signingKey.publicKey), expired_ts: clock.now() - 1000 } };
  servers.published.set(PEER, keyAnswer(next, clock.now() + 2 * DAY_MS, { old_verify_keys: old }));
  await ring.key(PEER, 'ed25519:next', clock.now());
  servers.published.delete(PEER);
  withNotary(world, () => [before]);
  clock.advance(2 * DAY_MS + 1);
  await ring.keysFor([{ server: PEER, keyId: 'ed25519:next', minValidUntil: clock.now() }]);
  assert.equal((await ring.key(PEER, 'ed25519:peer', clock.now()))?.current, false);
});

onEachDatabase(
  'many that want one server’s key ask it once, and a dead or unhelpful server is left alone',
  async db => {
    const { ring, servers, peer, clock } = keyWorld(db);
    const slow = Promise.withResolvers<Json>();
    servers.published.set(PEER, slow.promise);
    const asked = Promise.all([1, 2, 3].map(() => ring.key(PEER, 'ed25519:peer', clock.now())));
    setTimeout(() => slow.resolve(keyAnswer(peer, clock.now() + DAY_MS)), 20);
    assert.ok((await asked).every(key => key !== undefined));
    assert.equal(servers.asked.filter(name => name === PEER).length, 1);
    for (let at = 0; at < 20; at++) await ring.key(PEER, `ed25519:made_up_${at}`, clock.now());
    assert.equal(servers.asked.filter(name => name === PEER).length, 1, 'it has just said which keys it has');
    for (let at = 0; at < 20; at++) await ring.key(named('dead.example'), 'ed25519:x', clock.now());
    assert.equal(servers.asked.filter(name => name === 'dead.example').length, 1);
    clock.advance(10_000);
    await ring.key(named('dead.example'), 'ed25519:x', clock.now());
    clock.advance(10_000);
    await ring.key(named('dead.example'), 'ed25519:x', clock.now());
    assert.equal(servers.asked.filter(name => name === 'dead.example').length, 2, 'the wait doubles');
  },
);

onEachDatabase('a notary whose own key is wanted does not wait for itself', async db => {
  const { ring, servers, clock } = keyWorld(db);
  assert.equal(await ring.key(named('notary.example'), 'ed25519:notary', clock.now()), undefined);
  const wanted = ['notary.example', 'peer.example'].map(name => ({
    server: named(name),
    keyId: 'ed25519:x',
    minValidUntil: 0,
  }));
  clock.advance(3_600_000);
  await ring.keysFor(wanted);
  assert.ok(servers.asked.length >= 3);
});

onEachDatabase('our own keys are known without asking, the old one too', async db => {
  const { ring, servers, identity, clock } = keyWorld(db);
  const us = identity.serverName;
  assert.equal((await ring.key(us, 'ed25519:us', clock.now()))?.current, true);
  assert.equal((await ring.key(us, 'ed25519:before', clock.now()))?.current, false);
  assert.equal(await ring.key(us, 'ed25519:never', clock.now()), undefined);
  assert.deepEqual(servers.asked, []);
});
