import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto, signingKeyFromSeed } from '../../base/node-crypto.ts';
import { encodeBase64, encodeBase64Url } from '../base64.ts';
import type { SigningKey } from '../crypto.ts';
import type { Json, JsonObject } from '../json.ts';
import { knownRoomVersions } from '../room-versions.ts';
import { signJson } from '../signatures.ts';
import { checkAuth } from './check.ts';

const ALL = knownRoomVersions.map(version => version.id);
const identity = signingKeyFromSeed('ed25519:0', new Uint8Array(32).fill(3));
const stranger = signingKeyFromSeed('ed25519:0', new Uint8Array(32).fill(4));

function room(version: string, offer: JsonObject = { public_key: encodeBase64(identity.publicKey) }): TestRoom {
  const made = new TestRoom(version).standard();
  made.member(BOB, 'join');
  made.send({ type: 'm.room.third_party_invite', stateKey: 'token', content: offer });
  return made;
}

function signed(change: JsonObject = {}, key: SigningKey = identity): JsonObject {
  return signJson({ mxid: CAROL, token: 'token', ...change }, 'id.example', key);
}

function invite(made: TestRoom, part: Json, sender = ALICE): string {
  const content = { membership: 'invite', third_party_invite: part };
  return ruleOf(made.verdict({ type: 'm.room.member', sender, stateKey: CAROL, content }));
}

const NO = 'member.third_party_invite';

test('an invite signed by the key of the third-party invite is allowed', () => {
  for (const version of ALL) {
    assert.equal(invite(room(version), { signed: signed() }), 'ok', version);
    const listed = {
      public_key: 'x',
      public_keys: [1, {}, { public_key: encodeBase64Url(identity.publicKey) }],
    } as JsonObject;
    assert.equal(invite(room(version, listed), { signed: signed() }), 'ok', version);
  }
});

test('N024 an invite signed by any other key is rejected', () => {
  for (const version of ALL) {
    const made = room(version);
    assert.equal(invite(made, { signed: signed({}, stranger) }), NO);
    assert.equal(invite(made, { signed: { ...signed(), extra: 1 } }), NO);
    assert.equal(invite(made, { signed: { mxid: CAROL, token: 'token' } }), NO);
    assert.equal(
      invite(made, { signed: { mxid: CAROL, token: 'token', signatures: { a: { 'ed25519:0': 'x' } } } }),
      NO,
    );
    for (const offer of [
      {},
      { public_key: 1 },
      { public_keys: 'x' },
      { public_keys: [null] },
      { public_key: '' },
    ] as JsonObject[]) {
      assert.equal(invite(room(version, offer), { signed: signed() }), NO);
    }
  }
});

test('the other conditions of a third-party invite', () => {
  for (const version of ALL) {
    const made = room(version);
    for (const part of [null, 1, {}, { signed: null }, { signed: [] }] as Json[]) assert.equal(invite(made, part), NO);
    assert.equal(invite(made, { signed: signed({ mxid: BOB }) }), NO);
    assert.equal(invite(made, { signed: signed({ token: 'other' }) }), NO);
    assert.equal(invite(made, { signed: signed({ token: 1 }) }), NO);
    // Bob may invite, but did not make this offer.
    assert.equal(invite(made, { signed: signed() }, BOB), NO);
    made.member(ALICE, 'ban', CAROL);
    assert.equal(invite(made, { signed: signed() }), 'member.invite.banned');
  }
});

test('without crypto no third-party invite is believed', () => {
  const made = room('11');
  const content = { membership: 'invite', third_party_invite: { signed: signed() } };
  const event = made.make({ type: 'm.room.member', stateKey: CAROL, content });
  assert.equal(ruleOf(checkAuth(event, made.lookup)), NO);
  assert.equal(ruleOf(checkAuth(event, made.lookup, nodeCrypto)), 'ok');
});

test('an invite with thousands of signatures costs a bounded number of verifications', () => {
  let calls = 0;
  const counting = { ...nodeCrypto, verify: () => ++calls < 0 };
  const signatures = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`s${i}`, { 'ed25519:0': 'A'.repeat(86) }]),
  );
  const made = room('11');
  const content = { membership: 'invite', third_party_invite: { signed: { mxid: CAROL, token: 'token', signatures } } };
  const event = made.make({ type: 'm.room.member', stateKey: CAROL, content });
  assert.equal(ruleOf(checkAuth(event, made.lookup, counting)), NO);
  assert.ok(calls > 0 && calls <= 64);
});
