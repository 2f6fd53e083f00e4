import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSeed, nodeCrypto, signingKeyFromSeed } from './node-crypto.ts';
import { systemRandom } from './random.ts';

// RFC 8032, section 7.1, test 2.
const SEED = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
const PUBLIC = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

test('ed25519 is that of RFC 8032', () => {
  const key = signingKeyFromSeed('ed25519:x', SEED);
  const message = Uint8Array.of(0x72);
  assert.equal(key.keyId, 'ed25519:x');
  assert.equal(Buffer.from(key.publicKey).toString('hex'), PUBLIC);
  assert.equal(Buffer.from(key.sign(message)).toString('hex'), SIGNATURE);
  assert.ok(nodeCrypto.verify(key.publicKey, message, Buffer.from(SIGNATURE, 'hex')));
  assert.ok(!nodeCrypto.verify(key.publicKey, Uint8Array.of(0x73), Buffer.from(SIGNATURE, 'hex')));
});

test('SHA-256 is that of the standard', () => {
  const hash = Buffer.from(nodeCrypto.sha256(new TextEncoder().encode('abc'))).toString('hex');
  assert.equal(hash, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('keys and signatures of a wrong shape verify nothing and throw nothing', () => {
  const key = signingKeyFromSeed('ed25519:x', SEED);
  for (const length of [0, 31, 33, 64]) assert.ok(!nodeCrypto.verify(new Uint8Array(length), SEED, key.sign(SEED)));
  for (const length of [0, 63, 65]) assert.ok(!nodeCrypto.verify(key.publicKey, SEED, new Uint8Array(length)));
  for (const fill of [0, 1, 0xff]) assert.ok(!nodeCrypto.verify(new Uint8Array(32).fill(fill), SEED, key.sign(SEED)));
  assert.throws(() => signingKeyFromSeed('ed25519:x', new Uint8Array(31)), RangeError);
});

test('more keys than are kept still verify', () => {
  const message = Uint8Array.of(1);
  for (let i = 0; i < 1100; i++) {
    const seed = new Uint8Array(32);
    seed[0] = i & 0xff;
    seed[1] = i >> 8;
    const key = signingKeyFromSeed('ed25519:x', seed);
    assert.ok(nodeCrypto.verify(key.publicKey, message, key.sign(message)));
  }
});

test('seeds come from the given randomness and differ', () => {
  const seeds = new Set(Array.from({ length: 1000 }, () => Buffer.from(generateSeed(systemRandom)).toString('hex')));
  assert.equal(seeds.size, 1000);
  assert.deepEqual(generateSeed({ bytes: count => new Uint8Array(count).fill(5) }), new Uint8Array(32).fill(5));
});
