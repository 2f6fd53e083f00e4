import { scanJson } from './json-scan.ts';
import { utf8Decode } from './utf8.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** A JSON object. Keys come from strangers: read with `getString` and its kind or after `Object.hasOwn`. */
export type JsonObject = { [key: string]: Json };

/** Deepest nesting of arrays and objects that is taken. */
export const MAX_JSON_DEPTH = 100;

/**
 * `strict`: what canonical JSON can say (integers within ±(2^53-1) in plain notation, no `-0`); demanded of events
 * since room version 6. `lenient`: any number a double holds. Both refuse duplicate keys, lone surrogates,
 * invalid UTF-8 and deep nesting.
 */
export type JsonMode = 'strict' | 'lenient';

/** `not_json`: no JSON at all (M_NOT_JSON). `bad_json`: JSON that must not be used (M_BAD_JSON). */
export type JsonErrorKind = 'not_json' | 'bad_json';

export class JsonError extends Error {
  readonly kind: JsonErrorKind;

  constructor(kind: JsonErrorKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'JsonError';
    this.kind = kind;
  }

  /** The Matrix error code that goes with the kind. */
  get errcode(): 'M_NOT_JSON' | 'M_BAD_JSON' {
    return this.kind === 'not_json' ? 'M_NOT_JSON' : 'M_BAD_JSON';
  }
}

/**
 * Parses one JSON text. What JSON.parse forgets (duplicate keys, `1.0`, `-0`, `1e3`, big integers, lone surrogates)
 * is checked on the text itself. A key `__proto__` becomes a plain own property.
 *
 * @throws {JsonError}
 */
export function parseJson(source: string | Uint8Array, mode: JsonMode): Json {
  const text = typeof source === 'string' ? wellFormed(source) : decoded(source);
  const scan = scanJson(text, MAX_JSON_DEPTH);
  if (scan.tooDeep) throw new JsonError('bad_json', `JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  const value = parse(text);
  if (scan.loneSurrogate) throw new JsonError('bad_json', 'JSON string holds half of a surrogate pair');
  if (scan.overflow) throw new JsonError('bad_json', 'JSON number is too large');
  if (mode === 'strict' && scan.badNumber !== undefined) {
    throw new JsonError('bad_json', `JSON number is no plain integer within ±(2^53-1): ${scan.badNumber}`);
  }
  // JSON.parse keeps one of several equal keys, so fewer members than colons mean a duplicate.
  if (scan.members > 0 && countMembers(value) !== scan.members) {
    throw new JsonError('bad_json', 'JSON object has the same key twice');
  }
  return value;
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new JsonError('bad_json', 'JSON text holds half of a surrogate pair');
  return text;
}

function decoded(bytes: Uint8Array): string {
  const text = utf8Decode(bytes);
  if (text === undefined) throw new JsonError('not_json', 'JSON text is not valid UTF-8');
  return text;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new JsonError('not_json', 'Content is not JSON', { cause });
  }
}

/** All object members in `value`, at every level. Recursion is bounded by the depth that was checked before. */
function countMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item);
    return count;
  }
  for (const key of Object.keys(value)) {
    count++;
    const member = value[key]!;
    if (typeof member === 'object') count += countMembers(member);
  }
  return count;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member `key`, or undefined. Never what the prototype holds. */
export function getOwn(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function getString(object: JsonObject, key: string): string | undefined {
  const value = getOwn(object, key);
  return typeof value === 'string' ? value : undefined;
}

/** The member `key` when it is an integer that a double holds exactly. */
export function getInteger(object: JsonObject, key: string): number | undefined {
  const value = getOwn(object, key);
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

export function getBoolean(object: JsonObject, key: string): boolean | undefined {
  const value = getOwn(object, key);
  return typeof value === 'boolean' ? value : undefined;
}

export function getObject(object: JsonObject, key: string): JsonObject | undefined {
  const value = getOwn(object, key);
  return isObject(value) ? value : undefined;
}

export function getArray(object: JsonObject, key: string): readonly Json[] | undefined {
  const value = getOwn(object, key);
  return Array.isArray(value) ? value : undefined;
}

/** About how many characters the text of a value has, without making it: keys and strings, and a few for all else. */
export function textLength(value: Json | undefined): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 4;
  let length = 2;
  if (Array.isArray(value)) for (const item of value) length += textLength(item) + 1;
  else for (const key in value) length += key.length + 4 + textLength(value[key]);
  return length;
}
