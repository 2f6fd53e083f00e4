import { type Json, JsonError, type JsonObject } from './json.ts';
import { utf8Encode } from './utf8.ts';

/** Values nested deeper cannot have come through `parseJson`; the bound keeps the recursion from the stack's end. */
const MAX_DEPTH = 200;

/**
 * Canonical JSON (appendices, "Canonical JSON"): shortest form, keys sorted by code point, integers only.
 *
 * @throws {JsonError} `bad_json` for floats, `-0`, integers beyond ±(2^53-1), lone surrogates and non-JSON values
 */
export function canonicalJson(value: Json): string {
  return write(value, 0, plainInteger);
}

/** The UTF-8 bytes of `canonicalJson`. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8Encode(canonicalJson(value));
}

/**
 * The same for events of room versions 1 to 5, whose numbers were never restricted: floats are written the way
 * Python does, since every signature over them was made by Python's `json.dumps`. What JSON.parse has already
 * forgotten (`1.0`, integers beyond 2^53) cannot be had back: hashes over those do not match, so such an event
 * fails its checks instead of being taken for another.
 *
 * @throws {JsonError} `bad_json` for lone surrogates and non-JSON values
 */
export function lenientCanonicalJson(value: Json): string {
  return write(value, 0, pythonNumber);
}

type NumberWriter = (value: number) => string;

function write(value: Json, depth: number, number: NumberWriter): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return number(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_DEPTH) throw new JsonError('bad_json', 'value is nested too deeply');
      return Array.isArray(value) ? writeArray(value, depth, number) : writeObject(value, depth, number);
    default:
      throw new JsonError('bad_json', `a value of type ${typeof value} is not JSON`);
  }
}

function writeArray(array: Json[], depth: number, number: NumberWriter): string {
  let out = '[';
  for (let i = 0; i < array.length; i++) {
    if (i > 0) out += ',';
    out += write(array[i]!, depth + 1, number);
  }
  return `${out}]`;
}

function writeObject(object: JsonObject, depth: number, number: NumberWriter): string {
  const keys = sortedKeys(object);
  let out = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (i > 0) out += ',';
    out += `${quote(key)}:${write(object[key]!, depth + 1, number)}`;
  }
  return `${out}}`;
}

/** Own keys by code point. UTF-16 order differs from it only where surrogates meet U+E000 to U+FFFF. */
function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  let sorted = true;
  for (let i = 1; i < keys.length && sorted; i++) sorted = keys[i - 1]! < keys[i]!;
  if (!sorted) keys.sort();
  return keys.some(hasHighUnit) ? keys.sort(compareCodePoints) : keys;
}

function hasHighUnit(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) >= 0xd800) return true;
  return false;
}

/** Order of two strings by Unicode code point, as Python and UTF-8 bytes order them. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // A surrogate belongs to a code point above all of U+E000 to U+FFFF.
    const leftHigh = left >= 0xd800 && left < 0xe000;
    const rightHigh = right >= 0xd800 && right < 0xe000;
    if (leftHigh !== rightHigh && left >= 0xd800 && right >= 0xd800) return leftHigh ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** A string as canonical JSON writes it. JSON.stringify escapes exactly what canonical JSON does: quote, backslash and control characters, in short. */
export function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit >= 0xd800) return quoteSlowly(text);
  }
  return `"${text}"`;
}

function quoteSlowly(text: string): string {
  if (!text.isWellFormed()) throw new JsonError('bad_json', 'a string holds half of a surrogate pair');
  return JSON.stringify(text);
}

function plainInteger(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw new JsonError('bad_json', `the number ${value} is no integer within ±(2^53-1)`);
  }
  return String(value);
}

/** A double as Python's `repr` writes it: exponents below 1e-4 and from 1e16 on, with two digits at least. */
function pythonNumber(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (!Number.isFinite(value)) throw new JsonError('bad_json', `the number ${value} is not JSON`);
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) {
    const plain = String(value);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
