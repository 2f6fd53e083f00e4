import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const MODULUS_BITS = 128;
const MOST_SIGNIFICANT = 64n;

/**
 * A fingerprint of a state: the sum modulo 2^128 of HMAC-SHA-256(secret, key and event number) over its entries.
 * A sum can be kept up to date with two hashes a change and does not depend on the order of changes. It is keyed because
 * whoever can choose events could make the sums of plain hashes collide.
 */
export class Fingerprints {
  readonly #secret: KeyObject;
  readonly #message = Buffer.alloc(16);

  constructor(secret: Uint8Array) {
    this.#secret = createSecretKey(secret);
  }

  /** About 3 us. */
  #hash(key: number, value: number): bigint {
    this.#message.writeDoubleLE(key, 0);
    this.#message.writeDoubleLE(value, 8);
    const digest = createHmac('sha256', this.#secret).update(this.#message).digest();
    return digest.readBigUInt64LE(0) | (digest.readBigUInt64LE(8) << MOST_SIGNIFICANT);
  }

  with(sum: bigint, key: number, value: number): bigint {
    return BigInt.asUintN(MODULUS_BITS, sum + this.#hash(key, value));
  }

  without(sum: bigint, key: number, value: number): bigint {
    return BigInt.asUintN(MODULUS_BITS, sum - this.#hash(key, value));
  }
}

/** 16 bytes, little-endian. */
export function fingerprintBytes(sum: bigint): Uint8Array {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt.asUintN(64, sum), 0);
  out.writeBigUInt64LE(sum >> MOST_SIGNIFICANT, 8);
  return new Uint8Array(out);
}
