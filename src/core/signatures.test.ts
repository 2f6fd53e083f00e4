import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, BOB, TestRoom } from '../../test/support/room-builder.ts';
import { nodeCrypto, signingKeyFromSeed } from '../base/node-crypto.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { type Event, readEvent, redactedEvent } from './event.ts';
import { contentHash, contentHashMatches, referenceHash } from './hashes.ts';
import type { ServerName } from './ids.ts';
import { getObject, type JsonObject } from './json.ts';
import { keyValidAt } from './key-validity.ts';
import type { Pdu } from './pdu.ts';
import { redact } from './redact.ts';
import { knownRoomVersions, roomVersion } from './room-versions.ts';
import { requiredSigners, signEvent, signingKeyIds, signJson, verifyEventSignature, verifyJson } from './signatures.ts';

const V1 = roomVersion('1')!;
// Appendices, "Cryptographic Test Vectors".
const KEY = signingKeyFromSeed('ed25519:1', decodeBase64('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1')!);
const OTHER = signingKeyFromSeed('ed25519:1', new Uint8Array(32).fill(7));

function signatureOf(json: JsonObject): unknown {
  return getObject(getObject(json, 'signatures')!, 'domain')?.['ed25519:1'];
}

test("the specification's signed objects", () => {
  assert.equal(
    signatureOf(signJson({}, 'domain', KEY)),
    'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ',
  );
  assert.equal(
    signatureOf(signJson({ one: 1, two: 'Two' }, 'domain', KEY)),
    'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
  );
});

test("the specification's signed events", () => {
  const minimal: JsonObject = {
    room_id: '!x:domain',
    sender: '@a:domain',
    origin: 'domain',
    origin_server_ts: 1000000,
    signatures: {},
    hashes: {},
    type: 'X',
    content: {},
    prev_events: [],
    auth_events: [],
    depth: 3,
    unsigned: { age_ts: 1000000 },
  };
  const signed = signEvent(minimal, V1, 'domain', KEY, nodeCrypto);
  assert.deepEqual(signed.hashes, { sha256: '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos' });
  assert.equal(
    signatureOf(signed),
    'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
  );
  const redactable: JsonObject = {
    content: { body: 'Here is the message content' },
    event_id: '$0:domain',
    origin: 'domain',
    origin_server_ts: 1000000,
    type: 'm.room.message',
    room_id: '!r:domain',
    sender: '@u:domain',
    signatures: {},
    unsigned: { age_ts: 1000000 },
  };
  const second = signEvent(redactable, V1, 'domain', KEY, nodeCrypto);
  assert.deepEqual(second.hashes, { sha256: 'onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g' });
  assert.equal(
    signatureOf(second),
    'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA',
  );
  assert.deepEqual(second.unsigned, { age_ts: 1000000 });
});

test('a signature holds for its object, server, key and nothing else', () => {
  const signed = signJson({ a: 1, unsigned: { x: 1 } }, 'domain', KEY);
  const check = (json: JsonObject, server = 'domain', id = 'ed25519:1', key = KEY.publicKey): boolean =>
    verifyJson(json, server, id, key, nodeCrypto);
  assert.ok(check(signed));
  assert.ok(check({ ...signed, unsigned: { x: 2 } }));
  assert.ok(check(signJson(signed, 'other', OTHER)));
  assert.ok(!check({ ...signed, a: 2 }));
  assert.ok(!check({ ...signed, b: 1 }));
  assert.ok(!check(signed, 'other'));
  assert.ok(!check(signed, 'domain', 'ed25519:2'));
  assert.ok(!check(signed, 'domain', 'ed25519:1', OTHER.publicKey));
  assert.ok(!check(signed, '__proto__', 'toString'));
  assert.deepEqual(signingKeyIds(signed, 'domain'), ['ed25519:1']);
  assert.deepEqual(signingKeyIds(signed, '__proto__'), []);
});

test('misshapen signatures are wrong, not exceptions', () => {
  for (const signature of ['', 'x', '!', null, 1, {}, 'A'.repeat(86), 'A'.repeat(88)]) {
    const json = { a: 1, signatures: { domain: { 'ed25519:1': signature } } } as unknown as JsonObject;
    assert.ok(!verifyJson(json, 'domain', 'ed25519:1', KEY.publicKey, nodeCrypto));
    assert.ok(!verifyJson(json, 'domain', 'ed25519:1', new Uint8Array(3), nodeCrypto));
  }
  for (const signatures of [null, 1, [], { domain: 1 }] as unknown as JsonObject[]) {
    assert.ok(!verifyJson({ signatures }, 'domain', 'ed25519:1', KEY.publicKey, nodeCrypto));
  }
  const float = { a: 0.5, signatures: signJson({}, 'domain', KEY).signatures! };
  assert.ok(!verifyJson(float, 'domain', 'ed25519:1', KEY.publicKey, nodeCrypto));
});

function signedMessage(version: string, body = 'hello'): Event {
  const room = new TestRoom(version).standard();
  const pdu = room.pdu({ type: 'm.room.message', content: { body } });
  return readEvent(signEvent(pdu, room.version, 'one.example', KEY, nodeCrypto), room.version, nodeCrypto);
}

function verified(event: Event, key = KEY): boolean {
  return verifyEventSignature(event, 'one.example' as ServerName, key.keyId, key.publicKey, nodeCrypto);
}

test('a signed event verifies in every version, also redacted, and its ID does not hang on its signatures', () => {
  for (const version of knownRoomVersions) {
    const event = signedMessage(version.id);
    assert.ok(verified(event));
    assert.ok(verified(redactedEvent(event)));
    assert.ok(contentHashMatches(event.pdu, version, nodeCrypto));
    const resigned = signEvent(event.pdu, version, 'two.example', OTHER, nodeCrypto);
    assert.equal(readEvent(resigned, version, nodeCrypto).id, event.id);
    assert.ok(verified(readEvent(resigned, version, nodeCrypto)));
    const redactedHash = referenceHash(redact(event.pdu, version), version, nodeCrypto);
    assert.deepEqual(redactedHash, referenceHash(event.pdu, version, nodeCrypto));
  }
});

test('N055 an event whose content was changed under way keeps its signature and ID and is used redacted', () => {
  for (const version of knownRoomVersions) {
    const event = signedMessage(version.id);
    const pdu = { ...event.pdu, content: { body: 'forged' } } as Pdu;
    const forged = readEvent(pdu, version, nodeCrypto);
    assert.equal(forged.id, event.id);
    assert.ok(verified(forged));
    assert.ok(!contentHashMatches(forged.pdu, version, nodeCrypto));
    const used = redactedEvent(forged);
    assert.equal(used.id, event.id);
    assert.deepEqual(used.content, {});
    for (const hashes of [{}, { sha256: 1 }, { sha256: '' }, { sha256: 'x' }] as JsonObject[]) {
      assert.ok(!contentHashMatches({ ...pdu, hashes }, version, nodeCrypto));
    }
  }
});

test('N055 changing a protected field breaks the signature', () => {
  const event = signedMessage('11');
  for (const change of [
    { sender: '@mallory:one.example' },
    { depth: 1 },
    { type: 'm.room.topic' },
    { hashes: {} },
  ] as JsonObject[]) {
    assert.ok(!verified(readEvent({ ...event.pdu, ...change }, event.version, nodeCrypto)), JSON.stringify(change));
  }
});

test('N061 an event signed by another key under the same key ID does not verify', () => {
  const room = new TestRoom('11').standard();
  const pdu = signEvent(room.pdu({ type: 'x' }), room.version, 'one.example', OTHER, nodeCrypto);
  const event = readEvent(pdu, room.version, nodeCrypto);
  assert.ok(!verified(event));
  assert.ok(verified(event, OTHER));
});

test('N062 from version 5 on a key vouches only for events up to the end of its validity', () => {
  for (const version of knownRoomVersions) {
    assert.ok(keyValidAt(1000, 1000, version));
    assert.equal(keyValidAt(1000, 1001, version), !version.enforceKeyValidity);
  }
  assert.ok(!roomVersion('4')!.enforceKeyValidity && roomVersion('5')!.enforceKeyValidity);
});

test('N074 nothing signed with a key the world knows is believed', () => {
  const known = decodeBase64('l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og')!;
  // A crypto that finds every signature right shows that it is the key that is refused.
  const gullible = { ...nodeCrypto, verify: () => true };
  const signed = signJson({ a: 1 }, 'domain', KEY);
  assert.ok(verifyJson(signed, 'domain', 'ed25519:1', KEY.publicKey, gullible));
  assert.ok(!verifyJson(signed, 'domain', 'ed25519:1', known, gullible));
  const event = signedMessage('11');
  assert.ok(!verifyEventSignature(event, 'one.example' as ServerName, 'ed25519:1', known, gullible));
});

test('who must sign an event', () => {
  const signers = (version: string, draft: Parameters<TestRoom['make']>[0]): string[] =>
    requiredSigners(new TestRoom(version).standard().make(draft));
  assert.deepEqual(signers('11', { type: 'x', sender: BOB }), ['two.example']);
  assert.deepEqual(signers('1', { type: 'x', sender: BOB }), ['two.example']);
  assert.deepEqual(signers('2', { type: 'x', sender: BOB, id: '$1:three.example' }), ['two.example', 'three.example']);
  const invite = { membership: 'invite', third_party_invite: { signed: {} } };
  assert.deepEqual(signers('11', { type: 'm.room.member', stateKey: BOB, content: invite }), []);
  assert.deepEqual(signers('2', { type: 'm.room.member', stateKey: BOB, content: invite, id: '$1:two.example' }), [
    'two.example',
  ]);
});

test('N021 a restricted join must be signed by the server of the user who let it in', () => {
  const join = (version: string, authoriser: string): string[] => {
    const content = { membership: 'join', join_authorised_via_users_server: authoriser };
    const room = new TestRoom(version).standard();
    return requiredSigners(room.make({ type: 'm.room.member', sender: BOB, stateKey: BOB, content }));
  };
  assert.deepEqual(join('7', ALICE), ['two.example']);
  assert.deepEqual(join('8', ALICE), ['two.example', 'one.example']);
  assert.deepEqual(join('12', BOB), ['two.example']);
  // No server has the empty name, so no signature can satisfy it.
  assert.deepEqual(join('8', 'nonsense'), ['two.example', '']);
});

test('content hashes of old rooms cover floats as Python writes them', () => {
  const hash = contentHash({ a: 50.57, b: 1e-7 }, roomVersion('5')!, nodeCrypto);
  assert.equal(hash, encodeBase64(nodeCrypto.sha256(Buffer.from('{"a":50.57,"b":1e-07}'))));
});
