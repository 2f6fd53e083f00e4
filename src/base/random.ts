import { randomBytes } from 'node:crypto';

/** Randomness as a parameter: the system's secure source in production, a seeded one in simulations. */
export interface Random {
  bytes(count: number): Uint8Array;
}

export const systemRandom: Random = { bytes: count => randomBytes(count) };

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` letters, each drawn evenly from A-Z and a-z (5.7 bits a letter). */
export function randomLetters(random: Random, length: number): string {
  let out = '';
  while (out.length < length) {
    for (const byte of random.bytes(length)) {
      // 208 = 4 * 52: bytes above it would make some letters likelier than others.
      if (byte < 208 && out.length < length) out += LETTERS[byte % 52];
    }
  }
  return out;
}

/** `bytes` random bytes in URL-safe base64 without padding. */
export function randomToken(random: Random, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('base64url');
}

/** A fraction in [0, 1) with 48 bits: for jitter, not for secrets. */
export function randomFraction(random: Random): number {
  const bytes = random.bytes(6);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 48;
}
