/**
 * Integers below 2^53 in seven bits a byte, low bits first, the high bit set on all bytes but the last.
 * Numbers beyond 2^31 leave JavaScript's bitwise operators, hence the divisions.
 */

/** The longest: 2^53 - 1. */
export const MAX_VARINT_BYTES = 8;

const FAST = 2 ** 31;

/** Writes `value` at `at` and answers the position behind it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= FAST) {
    out[position++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    out[position++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[position++] = rest;
  return position;
}

/** The number of bytes that `value` takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Signed integers to unsigned ones, small stays small: 0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ... */
export function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
