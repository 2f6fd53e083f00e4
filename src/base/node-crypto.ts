import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import type { Random } from './random.ts';

/** DER around a raw ed25519 key (RFC 8410): what node:crypto takes instead of the bare 32 bytes. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A key object is about 1 kB outside the heap; a busy server sees a few hundred keys. */
const MAX_CACHED_KEYS = 1000;
const keyCache = new Map<string, KeyObject>();

/** SHA-256 and ed25519 by Node's own OpenSSL. `verify` answers false for keys and signatures of any wrong shape. */
export const nodeCrypto = {
  sha256(data: Uint8Array): Uint8Array {
    return hash('sha256', data, 'buffer');
  },
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      return verify(null, message, publicKeyObject(publicKey), signature);
    } catch {
      // Thirty-two bytes that are no point on the curve.
      return false;
    }
  },
};

/**
 * `nodeCrypto.verify` on a thread of libuv's pool. It costs a tenth more in all and leaves 9 of 115 us to the caller's thread
 * (measured); a worker of our own would do the same for 17 MB.
 */
export function verifyOnThreadPool(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return Promise.resolve(false);
  return new Promise(resolve => {
    try {
      verify(null, message, publicKeyObject(publicKey), signature, (error, isGood) =>
        resolve(error === null && isGood),
      );
    } catch {
      resolve(false);
    }
  });
}

/** The ed25519 key of a 32-byte seed. `keyId` includes the algorithm: `ed25519:abc`. */
export function signingKeyFromSeed(
  keyId: string,
  seed32: Uint8Array,
): { readonly keyId: string; readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  if (seed32.length !== 32) throw new RangeError(`a signing key seed has 32 bytes, not ${seed32.length}`);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed32]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
  return { keyId, publicKey, sign: message => sign(null, message, key) };
}

/** A fresh seed for `signingKeyFromSeed`. */
export function generateSeed(random: Random): Uint8Array {
  return random.bytes(32);
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString('latin1');
  const cached = keyCache.get(name);
  if (cached !== undefined) return cached;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  if (keyCache.size >= MAX_CACHED_KEYS) keyCache.delete(keyCache.keys().next().value ?? '');
  keyCache.set(name, key);
  return key;
}
