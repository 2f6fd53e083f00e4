import { KEY_END } from './tree-key.ts';
import { MAX_VARINT_BYTES, unzigzag, varintBytes, writeVarint, zigzag } from './varint.ts';

/**
 * One node of a tree, at most PAGE_BYTES long:
 *
 *     level (1 B), count (1 B), then `count` times: key minus the key before it (varint), value
 *
 * In a leaf (level 0) the value is an event number, written as the difference from the one before (zigzag varint);
 * above it is the id of a page one level down (varint), and the key a lower bound of that page's keys.
 */
export const PAGE_BYTES = 384;
/** What `build` fills a page to, so that the first changes after it split nothing. */
export const BULK_PAGE_BYTES = Math.floor(PAGE_BYTES * 0.8);
/** Event numbers stay below it, so that the zigzag of a difference is still an exact integer. */
export const VALUE_END = 2 ** 52;

const HEADER_BYTES = 2;

/** Throws RangeError for what no leaf can hold. */
export function checkEntry(key: number, value: number): void {
  if (!(Number.isInteger(key) && key >= 0 && key < KEY_END)) throw new RangeError(`${key} is no key of a state tree`);
  if (!(Number.isInteger(value) && value > 0 && value < VALUE_END)) {
    throw new RangeError(`${value} is no number of an event`);
  }
}

/** Walks over the entries of a page. `key` and `value` are those of the last `next` that answered true. */
export class PageCursor {
  key = 0;
  value = 0;
  readonly level: number;
  readonly #bytes: Uint8Array;
  #left: number;
  #at = HEADER_BYTES;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.level = bytes[0] ?? 0;
    this.#left = bytes[1] ?? 0;
  }

  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    this.key += this.#varint();
    const value = this.#varint();
    this.value = this.level === 0 ? this.value + unzigzag(value) : value;
    return true;
  }

  #varint(): number {
    let byte = this.#bytes[this.#at++] ?? 0;
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    do {
      byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte >= 128);
    return value;
  }
}

export function levelOf(page: Uint8Array): number {
  return page[0] ?? 0;
}

/** The value of `key` in a leaf. */
export function valueIn(leaf: Uint8Array, key: number): number | undefined {
  const cursor = new PageCursor(leaf);
  while (cursor.next()) {
    if (cursor.key === key) return cursor.value;
    if (cursor.key > key) return undefined;
  }
  return undefined;
}

/** The page below an inner page that holds `key` if any does: the last one whose bound is not above it, or the first. */
export function childFor(inner: Uint8Array, key: number): number {
  const cursor = new PageCursor(inner);
  let child = 0;
  while (cursor.next()) {
    if (cursor.key > key && child !== 0) break;
    child = cursor.value;
  }
  return child;
}

/** The ids of all pages below an inner page, in order. */
export function childIds(inner: Uint8Array): number[] {
  const ids: number[] = [];
  const cursor = new PageCursor(inner);
  while (cursor.next()) ids.push(cursor.value);
  return ids;
}

/** Collects the entries of one page. */
export class PageWriter {
  readonly #level: number;
  readonly #scratch = new Uint8Array(PAGE_BYTES + 2 * MAX_VARINT_BYTES);
  #at = HEADER_BYTES;
  #count = 0;
  #firstKey = 0;
  #key = 0;
  #value = 0;

  constructor(level: number) {
    this.#level = level;
  }

  get bytes(): number {
    return this.#at;
  }

  get count(): number {
    return this.#count;
  }

  /** The lowest key of the page. */
  get firstKey(): number {
    return this.#firstKey;
  }

  /** How long the page would be with this entry. */
  bytesWith(key: number, value: number): number {
    return this.#at + entryBytes(this.#level, this.#key, this.#value, key, value);
  }

  add(key: number, value: number): void {
    if (this.#count === 0) this.#firstKey = key;
    this.#at = writeVarint(this.#scratch, this.#at, key - this.#key);
    this.#at = writeVarint(this.#scratch, this.#at, this.#level === 0 ? zigzag(value - this.#value) : value);
    this.#key = key;
    this.#value = value;
    this.#count++;
  }

  /** The finished page; the writer is empty again. */
  take(): Uint8Array {
    this.#scratch[0] = this.#level;
    this.#scratch[1] = this.#count;
    const page = this.#scratch.slice(0, this.#at);
    this.#at = HEADER_BYTES;
    this.#count = this.#key = this.#value = 0;
    return page;
  }
}

function entryBytes(level: number, lastKey: number, lastValue: number, key: number, value: number): number {
  return varintBytes(key - lastKey) + varintBytes(level === 0 ? zigzag(value - lastValue) : value);
}

/** The length of the entries as one page, however long that is. */
export function onePageBytes(level: number, keys: readonly number[], values: readonly number[]): number {
  let bytes = HEADER_BYTES;
  for (const [at, key] of keys.entries()) {
    bytes += entryBytes(level, keys[at - 1] ?? 0, values[at - 1] ?? 0, key, values[at] ?? 0);
  }
  return bytes;
}
