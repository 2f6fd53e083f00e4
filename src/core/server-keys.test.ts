import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto, signingKeyFromSeed } from '../base/node-crypto.ts';
import { encodeBase64 } from './base64.ts';
import type { SigningKey } from './crypto.ts';
import type { ServerName } from './ids.ts';
import type { JsonObject } from './json.ts';
import { cappedValidUntil } from './key-validity.ts';
import { mergeServerKeys, readServerKeys, ServerKeysError } from './server-keys.ts';
import { signJson } from './signatures.ts';

const A = 'a.example' as ServerName;
const NOW = 1_700_000_000_000;
const WEEK = 7 * 24 * 3600 * 1000;
const one = signingKeyFromSeed('ed25519:one', new Uint8Array(32).fill(1));
const two = signingKeyFromSeed('ed25519:two', new Uint8Array(32).fill(2));

function response(key: SigningKey, change: JsonObject = {}): JsonObject {
  return {
    server_name: A,
    valid_until_ts: NOW + 1000,
    verify_keys: { [key.keyId]: { key: encodeBase64(key.publicKey) } },
    old_verify_keys: {},
    ...change,
  };
}

function assertRefused(json: JsonObject, server = A): void {
  assert.throws(() => readServerKeys(json, server, NOW, nodeCrypto), ServerKeysError);
}

test('a key response is read', () => {
  const old = { 'ed25519:old': { key: encodeBase64(two.publicKey), expired_ts: 5 } };
  const keys = readServerKeys(signJson(response(one, { old_verify_keys: old }), A, one), A, NOW, nodeCrypto);
  assert.deepEqual([...keys.keys()].sort(), ['ed25519:old', 'ed25519:one']);
  assert.deepEqual(keys.get('ed25519:old'), { publicKey: two.publicKey, validUntilTs: 5, current: false });
  assert.equal(keys.get('ed25519:one')?.validUntilTs, NOW + 1000);
});

test('N063 a validity of centuries is cut to seven days', () => {
  const signed = signJson(response(one, { valid_until_ts: 1e15 }), A, one);
  assert.equal(readServerKeys(signed, A, NOW, nodeCrypto).get('ed25519:one')?.validUntilTs, NOW + WEEK);
  assert.equal(cappedValidUntil(1e15, NOW), NOW + WEEK);
  assert.equal(cappedValidUntil(NOW - 5, NOW), NOW - 5);
});

test('N064 keys of one server signed only by another, or for another server, are refused', () => {
  assertRefused(signJson(response(one), 'b.example', one));
  assertRefused(signJson(response(one), A, two));
  assertRefused(signJson(response(one, { server_name: 'b.example' }), A, one));
  assertRefused(signJson(response(one), A, one), 'b.example' as ServerName);
  assertRefused(response(one));
  assertRefused({ ...signJson(response(one), A, one), valid_until_ts: NOW + 2000 });
});

test('N064 a current key that signed wrongly spoils the response', () => {
  const both = {
    'ed25519:one': { key: encodeBase64(one.publicKey) },
    'ed25519:two': { key: encodeBase64(two.publicKey) },
  };
  const json = response(one, { verify_keys: both });
  const forged = { keyId: 'ed25519:two', publicKey: two.publicKey, sign: () => new Uint8Array(64) };
  assertRefused(signJson(signJson(json, A, one), A, forged));
  assert.equal(readServerKeys(signJson(signJson(json, A, one), A, two), A, NOW, nodeCrypto).size, 2);
});

test('N064 an old key cannot introduce new ones', () => {
  const old = { [two.keyId]: { key: encodeBase64(two.publicKey), expired_ts: 5 } };
  assertRefused(signJson(response(one, { old_verify_keys: old }), A, two));
});

test('misshapen responses are refused or their entries skipped', () => {
  for (const json of [null, 1, [], 'x'] as unknown as JsonObject[]) assertRefused(json);
  assertRefused(signJson(response(one, { valid_until_ts: 'soon' }), A, one));
  assertRefused(signJson(response(one, { verify_keys: [] }), A, one));
  const odd = {
    ...(response(one).verify_keys as JsonObject),
    'rsa:1': { key: 'AAAA' },
    'ed25519:x': 1,
    'ed25519:y': { key: 'AA' },
  };
  const keys = readServerKeys(signJson(response(one, { verify_keys: odd }), A, one), A, NOW, nodeCrypto);
  assert.deepEqual([...keys.keys()], ['ed25519:one']);
});

test('N061 a key ID never comes to mean another key', () => {
  const read = (key: SigningKey): ReturnType<typeof readServerKeys> =>
    readServerKeys(signJson(response(key), A, key), A, NOW, nodeCrypto);
  const imposter = signingKeyFromSeed('ed25519:one', new Uint8Array(32).fill(9));
  const merged = mergeServerKeys(read(one), read(imposter));
  assert.deepEqual(merged.conflicts, ['ed25519:one']);
  assert.deepEqual(merged.keys.get('ed25519:one')?.publicKey, one.publicKey);
  const grown = mergeServerKeys(read(one), read(two));
  assert.deepEqual(grown.conflicts, []);
  assert.equal(grown.keys.size, 2);
});

test('N074 a compromised key cannot vouch for a key response', () => {
  const known = 'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og';
  const json = signJson(response(one, { verify_keys: { [one.keyId]: { key: known } } }), A, one);
  assert.throws(() => readServerKeys(json, A, NOW, { ...nodeCrypto, verify: () => true }), ServerKeysError);
});
