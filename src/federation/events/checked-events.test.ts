import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { identityOf } from '../../../test/support/federation.ts';
import { DAY_MS, keyAnswer, keyWorld } from '../../../test/support/key-servers.ts';
import { TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto, verifyOnThreadPool } from '../../base/node-crypto.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { Identity } from '../../core/identity.ts';
import type { ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { signEvent } from '../../core/signatures.ts';
import type { Database } from '../../db/database.ts';
import { FoundKeys } from '../keys/key-ring.ts';
import { type CheckedEvent, CheckedEvents } from './checked-events.ts';
import { SignaturePool } from './signature-pool.ts';

const PEER = 'peer.example' as ServerName;
const ANN = '@ann:peer.example';

/** A room of version 11 of a server that publishes its key. */
function world(db: Database, version = '11') {
  const { ring, servers, peer, clock } = keyWorld(db);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS));
  const room = new TestRoom(version);
  const { verify } = new SignaturePool(verifyOnThreadPool, 4);
  const checked = new CheckedEvents({ crypto: nodeCrypto, keyRing: ring, verify });
  const message = (more: JsonObject = {}) =>
    room.pdu({ type: 'm.room.message', sender: ANN, content: { body: 'hi' }, ts: clock.now(), ...more });
  const sign = (pdu: JsonObject, by: Identity = peer) =>
    signEvent(pdu, room.version, by.serverName, by.signingKey, nodeCrypto);
  return { checked, room, message, sign, servers, peer, clock };
}

const outcomes = (events: readonly CheckedEvent[]) => events.map(event => event.outcome);

onEachDatabase('an event counts when its sender has signed it, and is given back in its place', async db => {
  const { checked, room, message, sign, servers } = world(db);
  const good = sign(message());
  const forged = { ...good, origin_server_ts: 5 };
  const bare = { ...good, signatures: {} };
  const read = await checked.read([good, 'no event', forged, { ...good, sender: 5 }, bare, good], room.version);
  assert.deepEqual(outcomes(read), ['good', 'refused', 'refused', 'refused', 'refused', 'good']);
  const [first] = read;
  assert.ok(first?.outcome === 'good' && first.event.content.body === 'hi');
  assert.deepEqual(servers.asked, [PEER], 'the keys of all are asked for once');
});

onEachDatabase('an event that is not what its hash says counts redacted, and `unsigned` does not count', async db => {
  const { checked, room, message, sign } = world(db);
  const changed = { ...sign(message()), content: { body: 'something else' }, unsigned: { age: 1 } };
  const [read] = await checked.read([changed], room.version);
  assert.ok(read?.outcome === 'good');
  assert.deepEqual([read.event.content, Object.hasOwn(read.event.pdu, 'unsigned')], [{}, false]);
});

onEachDatabase('an event whose key cannot be had may be read again later', async db => {
  const { checked, room, message, sign, servers, clock } = world(db);
  servers.published.delete(PEER);
  const late = identityOf(PEER, 8, 'ed25519:late');
  const pdus = [sign(message()), sign(message(), late)];
  assert.deepEqual(outcomes(await checked.read(pdus, room.version)), ['unverified', 'unverified']);
  clock.advance(120_000);
  const { peer } = world(db);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS));
  assert.deepEqual(outcomes(await checked.read(pdus, room.version)), ['good', 'unverified']);
});

onEachDatabase('a key must have been valid when it signed, from room version 5 on', async db => {
  for (const version of ['4', '5']) {
    const { checked, room, message, sign, clock } = world(db, version);
    const pdu = sign(message({ ts: clock.now() + 30 * DAY_MS }));
    assert.deepEqual(outcomes(await checked.read([pdu], room.version)), [version === '4' ? 'good' : 'unverified']);
  }
});

onEachDatabase('of several signatures of a server all by known keys must hold, and others do not count', async db => {
  const { checked, room, message, sign, servers, peer, clock } = world(db);
  const [second, unknown] = [identityOf(PEER, 8, 'ed25519:second'), identityOf(PEER, 9, 'ed25519:unknown')];
  const keys = [peer, second].map(({ signingKey }) => [signingKey.keyId, { key: encodeBase64(signingKey.publicKey) }]);
  servers.published.set(PEER, keyAnswer(peer, clock.now() + DAY_MS, { verify_keys: Object.fromEntries(keys) }));
  const pdu = message();
  const byBoth = sign(sign(pdu), second);
  const signed = byBoth.signatures[PEER] as JsonObject;
  const wrong = sign(message()).signatures[PEER] as JsonObject;
  const withSignatures = (own: JsonObject): JsonObject => ({ ...byBoth, signatures: { [PEER]: own } });
  const read = await checked.read(
    [
      byBoth,
      sign(sign(pdu), unknown),
      withSignatures({ ...signed, 'ed25519:unknown': 'A'.repeat(86) }),
      withSignatures({ ...signed, [second.signingKey.keyId]: String(Object.values(wrong)[0]) }),
      withSignatures({ ...signed, [peer.signingKey.keyId]: 'no base64' }),
    ],
    room.version,
  );
  assert.deepEqual(outcomes(read), ['good', 'good', 'good', 'refused', 'refused']);
});

onEachDatabase('a restricted join needs the signature of the authorising server too', async db => {
  const { checked, room, sign, servers, clock } = world(db);
  const other = identityOf('other.example', 5, 'ed25519:other');
  servers.published.set('other.example', keyAnswer(other, clock.now() + DAY_MS));
  const join = room.pdu({
    type: 'm.room.member',
    sender: ANN,
    stateKey: ANN,
    content: { membership: 'join', join_authorised_via_users_server: '@olga:other.example' },
    ts: clock.now(),
  });
  const alone = sign(join);
  const both = sign(alone, other);
  assert.deepEqual(outcomes(await checked.read([alone, both], room.version)), ['refused', 'good']);
});

test('few of the keys that an event names are asked for', async () => {
  const room = new TestRoom('11');
  const names = Array.from({ length: 50 }, (_, at) => [`ed25519:k${at}`, 'A'.repeat(86)] as const);
  const pdu = {
    ...room.pdu({ type: 'm.room.message', sender: ANN }),
    signatures: { [PEER]: Object.fromEntries(names) },
  };
  let asked = 0;
  const keysFor = async (wanted: readonly unknown[]) => {
    asked += wanted.length;
    return new FoundKeys(new Map());
  };
  const checked = new CheckedEvents({ crypto: nodeCrypto, keyRing: { keysFor } });
  assert.deepEqual(outcomes(await checked.read([pdu], room.version)), ['unverified']);
  assert.equal(asked, 5);
});

onEachDatabase('a large batch keeps its order, and others have their turn meanwhile', async db => {
  const { checked, room, message, sign } = world(db);
  const good = sign(message());
  const pdus = Array.from({ length: 300 }, (_, at) => (at % 7 === 0 ? { ...good, origin_server_ts: at } : good));
  let turns = 0;
  const count = () => {
    turns++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const read = await checked.read(pdus, room.version);
  clearImmediate(next);
  assert.deepEqual(
    outcomes(read),
    pdus.map((_, at) => (at % 7 === 0 ? 'refused' : 'good')),
  );
  assert.ok(turns >= 6, `${turns} turns`);
});
