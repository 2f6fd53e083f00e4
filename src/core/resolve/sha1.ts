/**
 * SHA-1 in hexadecimal (FIPS 180-4), for the one place that asks for it: the order of events in state resolution v1.
 * Not for anything that must withstand an attacker.
 */
export function sha1Hex(data: Uint8Array): string {
  const words = paddedWords(data);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const schedule = new Int32Array(80);
  for (let block = 0; block < words.length; block += 16) {
    for (let t = 0; t < 80; t++) {
      schedule[t] =
        t < 16
          ? words[block + t]!
          : rotate(schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!, 1);
    }
    compress(state, schedule);
  }
  return state.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function compress(state: number[], schedule: Int32Array): void {
  let [a, b, c, d, e] = state as [number, number, number, number, number];
  for (let t = 0; t < 80; t++) {
    const next = (rotate(a, 5) + mix(t, b, c, d) + e + schedule[t]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  for (const [i, word] of [a, b, c, d, e].entries()) state[i] = (state[i]! + word) | 0;
}

/** The function and constant of round `t`. */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The message, a 1 bit, zeros, and its length in bits, as big-endian words. */
function paddedWords(data: Uint8Array): Int32Array {
  const words = new Int32Array(16 * Math.ceil((data.length + 9) / 64));
  for (const [i, byte] of data.entries()) words[i >> 2]! |= byte << (24 - 8 * (i & 3));
  words[data.length >> 2]! |= 0x80 << (24 - 8 * (data.length & 3));
  words[words.length - 1] = data.length * 8;
  return words;
}
