import { isIP } from 'node:net';
import type { TObject, TProperties, TUnsafe } from 'typebox';
import { Type } from '../base/schema.ts';

/**
 * The kinds of values that settings have. Each is a JSON Schema with three notes of ours: `says` (what to write, for
 * people), `unit` (what the loader turns the text into) and `test` (what a schema cannot express).
 */
export interface Notes {
  readonly description: string;
  readonly says: string;
  readonly unit?: 'bytes' | 'ms' | 'path';
  readonly test?: (value: string) => boolean;
}

/** A group of keys. Every key is there after loading, unless it is `optional`. */
export function section<P extends TProperties>(description: string, keys: P): TObject<P> {
  return Type.Object(keys, { additionalProperties: false, description });
}

export function text(description: string, fallback: string, says = 'text', test?: (value: string) => boolean) {
  return Type.String({ description, default: fallback, says, ...(test && { test }) });
}

/** A text that has to be there, in groups of lists. */
export function requiredText(description: string, says: string, test: (value: string) => boolean) {
  return Type.String({ description, says, test });
}

/** A text that has no default: absent means that the feature is off, or that Copse finds out by itself. */
export function optionalText(description: string, says = 'text', test?: (value: string) => boolean) {
  return Type.Optional(Type.String({ description, says, ...(test && { test }) }));
}

export function flag(description: string, fallback: boolean) {
  return Type.Boolean({ description, default: fallback, says: 'true or false' });
}

export function integer(description: string, fallback: number, minimum: number, maximum: number) {
  const says = `a whole number from ${minimum} to ${maximum}`;
  return Type.Integer({ description, default: fallback, minimum, maximum, says });
}

export function decimal(description: string, fallback: number, minimum: number) {
  return Type.Number({ description, default: fallback, minimum, says: `a number, at least ${minimum}` });
}

export function choice<const T extends string>(description: string, fallback: T, choices: readonly T[]): TUnsafe<T> {
  const says = `one of ${choices.join(', ')}`;
  return Type.Unsafe<T>({ type: 'string', enum: [...choices], description, default: fallback, says });
}

/** A number of bytes, written `256M` or plainly; the loader makes it a number. */
export function bytes(description: string, fallback: string, least = '0'): TUnsafe<number> {
  const says = `a size such as 512K, 256M or 2G${least === '0' ? '' : `, at least ${least}`}`;
  const pattern = '^[0-9]+(\\.[0-9]+)?[KMG]?$';
  const test = (value: string) => numberOf(value, 'bytes') >= numberOf(least, 'bytes');
  return Type.Unsafe<number>({ type: 'string', pattern, description, default: fallback, unit: 'bytes', says, test });
}

/** A number of bytes that has no default. */
export function optionalSize(description: string, least: string) {
  return Type.Optional(bytes(description, least, least));
}

/** A duration, written `10s`; the loader makes it milliseconds. */
export function duration(description: string, fallback: string): TUnsafe<number> {
  const says = 'a duration such as 500ms, 10s, 5m, 2h or 7d';
  const pattern = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';
  return Type.Unsafe<number>({ type: 'string', pattern, description, default: fallback, unit: 'ms', says });
}

/** A file or folder; relative ones count from the folder of the configuration file, or from the current one. */
export function path(description: string, fallback: string) {
  const minLength = Math.min(fallback.length, 1);
  return Type.String({ description, default: fallback, unit: 'path', says: 'a path', minLength });
}

export function optionalPath(description: string) {
  return Type.Optional(Type.String({ description, unit: 'path', says: 'a path', minLength: 1 }));
}

export function paths(description: string) {
  const item = Type.String({ says: 'a path', unit: 'path', minLength: 1 });
  return Type.Array(item, { description, default: [], says: 'a list of paths' });
}

export function texts(description: string, fallback: string[], says: string, test: (value: string) => boolean) {
  return Type.Array(Type.String({ says, test }), { description, default: fallback, says: `a list of: ${says}` });
}

/** A list of groups that all have the same keys. */
export function list<P extends TProperties>(description: string, item: TObject<P>, says: string) {
  return Type.Array(item, { description, default: [], says });
}

/** A list of addresses or ranges in CIDR notation. */
export function ranges(description: string, fallback: string[]) {
  return texts(description, fallback, 'an address or a range such as 10.0.0.0/8 or fd00::/8', isRange);
}

export function isRange(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

export function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.search === '';
}

const SIZES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The number behind a checked text: bytes of `256M`, milliseconds of `10s`. */
export function numberOf(value: string, unit: 'bytes' | 'ms'): number {
  const [, digits = '', suffix = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(value) ?? [];
  return Math.round(Number(digits) * ((unit === 'bytes' ? SIZES : DURATIONS)[suffix] ?? 1));
}
