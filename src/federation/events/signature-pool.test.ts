import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto, signingKeyFromSeed, verifyOnThreadPool } from '../../base/node-crypto.ts';
import { SignaturePool } from './signature-pool.ts';

const KEY = signingKeyFromSeed('ed25519:a', new Uint8Array(32).fill(3));

function signatures(count: number) {
  return Array.from({ length: count }, (_, at) => {
    const message = Buffer.from(`message ${at}`);
    const signature = KEY.sign(message);
    // Every third is of another message.
    return { publicKey: KEY.publicKey, message: at % 3 === 0 ? Buffer.from('other') : message, signature };
  });
}

test('verifies as the main thread does, wrong shapes and points included', async () => {
  const pool = new SignaturePool(verifyOnThreadPool, 4);
  const [good] = signatures(2).slice(1);
  assert.ok(good);
  const odd = [
    { ...good, publicKey: new Uint8Array(31) },
    { ...good, signature: new Uint8Array(63) },
    { ...good, publicKey: new Uint8Array(32).fill(255) },
  ];
  const all = [...signatures(60), ...odd];
  const expected = all.map(each => nodeCrypto.verify(each.publicKey, each.message, each.signature));
  assert.deepEqual(await Promise.all(all.map(pool.verify)), expected);
  assert.equal(expected.filter(Boolean).length, 40);
});

test('only a few run at once, one where there are two cores, and a failure frees its place', async () => {
  for (const [cores, atOnce] of [
    [1, 1],
    [2, 1],
    [4, 3],
    [64, 3],
  ] as const) {
    let running = 0;
    let most = 0;
    const pool = new SignaturePool(async () => {
      most = Math.max(most, ++running);
      await new Promise(resolve => setImmediate(resolve));
      running--;
      throw new Error('the thread pool is gone');
    }, cores);
    const results = await Promise.allSettled(signatures(20).map(pool.verify));
    assert.ok(results.every(({ status }) => status === 'rejected'));
    assert.equal(most, atOnce);
  }
});
