/**
 * Unpadded base64, standard and URL-safe (appendices, "Unpadded Base64"). Decoding is strict about the alphabet. It
 * takes correct padding since the specification asks to, and refuses wrong padding. Bits left over in the last
 * character are ignored: the specification's own signing key has some.
 */
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const INVALID = 255;
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);

/** Standard alphabet, no padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(bytes, STANDARD);
}

/** URL-safe alphabet, no padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE);
}

/** The bytes of standard base64, or undefined when `text` is not exactly that. */
export function decodeBase64(text: string): Uint8Array | undefined {
  return decode(text, STANDARD_VALUES);
}

/** The bytes of URL-safe base64, or undefined when `text` is not exactly that. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  return decode(text, URL_SAFE_VALUES);
}

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(INVALID);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let out = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out += alphabet[word >> 18]! + alphabet[(word >> 12) & 63]! + alphabet[(word >> 6) & 63]! + alphabet[word & 63]!;
  }
  const left = bytes.length - i;
  if (left === 0) return out;
  const word = (bytes[i]! << 16) | ((left === 2 ? bytes[i + 1]! : 0) << 8);
  out += alphabet[word >> 18]! + alphabet[(word >> 12) & 63]!;
  return left === 2 ? out + alphabet[(word >> 6) & 63]! : out;
}

function decode(padded: string, values: Uint8Array): Uint8Array | undefined {
  const text = withoutPadding(padded);
  if (text === undefined || text.length % 4 === 1) return undefined;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = values[text.charCodeAt(i)] ?? INVALID;
    if (value === INVALID) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (word >> bits) & 0xff;
    }
  }
  return out;
}

function withoutPadding(text: string): string | undefined {
  if (!text.endsWith('=')) return text;
  if (text.length % 4 !== 0) return undefined;
  return text.slice(0, text.endsWith('==') ? -2 : -1);
}
