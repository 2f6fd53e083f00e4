import { JsonError } from './json.ts';
import { utf8Decode } from './utf8.ts';

/** The text of a member of the top-level object, or of one element of an array under it. */
export interface JsonPiece {
  readonly key: string;
  readonly isElement: boolean;
  /** Undefined when the text is longer than allowed: it was skipped. Otherwise it may or may not be JSON. */
  readonly bytes: Uint8Array | undefined;
}

export interface SplitLimits {
  /** Members whose value, if it is an array, comes element by element. */
  readonly arrays: ReadonlySet<string>;
  /** The longest text of a value or element. */
  readonly maxBytes: number;
}

/** Members of the top-level object that are taken before the text counts as nonsense. */
const MOST_MEMBERS = 100;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

type Place = 'before object' | 'key' | 'before value' | 'value' | 'element' | 'after array' | 'end';

/**
 * Cuts the text of one JSON object, as its bytes come, into the texts of its members and of the elements of its
 * arrays: an answer of any length is read in the memory of one element. Only the frame is checked here; each piece has
 * to pass `parseJson`. A key that comes twice is refused.
 */
export class JsonSplitter {
  readonly #limits: SplitLimits;
  readonly #keys = new Set<string>();
  #place: Place = 'before object';
  #key = '';
  /** Whether the array that is read has had elements. */
  #hasElements = false;
  /** The beginning of the piece that is read, from earlier chunks. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Within the piece that is read. */
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  constructor(limits: SplitLimits) {
    this.#limits = limits;
  }

  /** The pieces that end in this chunk. They may share its memory. @throws JsonError M_NOT_JSON */
  push(chunk: Uint8Array): JsonPiece[] {
    const pieces: JsonPiece[] = [];
    let at = 0;
    while (at < chunk.length) {
      const isReading = this.#place === 'key' || this.#place === 'value' || this.#place === 'element';
      at = isReading ? this.#read(chunk, at, pieces) : this.#stepBetween(chunk, at);
    }
    return pieces;
  }

  /** To be called when no more chunks come. @throws JsonError M_NOT_JSON when the object is not complete */
  end(): void {
    if (this.#place !== 'end') throw new JsonError('not_json', 'JSON text ends in the middle');
  }

  /** One byte between keys and values. */
  #stepBetween(chunk: Uint8Array, at: number): number {
    const byte = chunk[at];
    if (isSpace(byte)) return at + 1;
    if (this.#place === 'before object' && byte === OPEN_OBJECT) this.#place = 'key';
    else if (this.#place === 'after array' && (byte === COMMA || byte === CLOSE_OBJECT)) this.#memberEnds(byte);
    else if (this.#place === 'before value') return this.#beginValue(byte, at);
    else throw nonsense();
    return at + 1;
  }

  #beginValue(byte: number | undefined, at: number): number {
    if (byte !== OPEN_ARRAY || !this.#limits.arrays.has(this.#key)) {
      this.#place = 'value';
      return at;
    }
    this.#place = 'element';
    this.#hasElements = false;
    return at + 1;
  }

  /** Reads on in a key, value or element, up to its end or that of the chunk. */
  #read(chunk: Uint8Array, from: number, pieces: JsonPiece[]): number {
    const end = this.#findEnd(chunk, from);
    this.#keep(chunk, from, end);
    if (end === chunk.length) return end;
    const bytes = this.#taken();
    const byte = chunk[end]!;
    if (this.#place === 'key') this.#keyEnds(bytes, byte);
    else if (this.#place === 'value') this.#valueEnds(bytes, byte, pieces);
    else this.#elementEnds(bytes, byte, pieces);
    return end + 1;
  }

  /** The index of the byte that ends the piece, or the chunk's length. */
  #findEnd(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      if (this.#inString) {
        i = this.#skipString(chunk, i);
        continue;
      }
      const byte = chunk[i];
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === 0) return i;
        this.#depth--;
      } else if (this.#depth === 0 && (byte === COMMA || byte === COLON)) return i;
    }
    return chunk.length;
  }

  /** The index of the quote that ends the string, or of the last byte of the chunk. */
  #skipString(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        return i;
      }
    }
    return chunk.length - 1;
  }

  #keep(chunk: Uint8Array, from: number, end: number): void {
    this.#keptBytes += end - from;
    if (this.#keptBytes > this.#limits.maxBytes) this.#kept = [];
    // What goes on in the next chunk is copied: the chunk belongs to whoever gave it.
    else this.#kept.push(end === chunk.length ? chunk.slice(from, end) : chunk.subarray(from, end));
  }

  /** What was kept, as one; undefined when it was too long. */
  #taken(): Uint8Array | undefined {
    const [first = new Uint8Array(), ...more] = this.#kept;
    const isTooLong = this.#keptBytes > this.#limits.maxBytes;
    const bytes = more.length === 0 ? first : joined(this.#kept, this.#keptBytes);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#depth = 0;
    return isTooLong ? undefined : bytes;
  }

  #keyEnds(bytes: Uint8Array | undefined, byte: number): void {
    const isEmpty = bytes !== undefined && isBlank(bytes);
    if (byte === CLOSE_OBJECT && isEmpty && this.#keys.size === 0) {
      this.#place = 'end';
      return;
    }
    const key = byte === COLON && bytes !== undefined ? readKey(bytes) : undefined;
    if (key === undefined) throw nonsense();
    if (this.#keys.has(key)) throw new JsonError('bad_json', 'JSON object has the same key twice');
    if (this.#keys.size === MOST_MEMBERS) throw new JsonError('bad_json', 'JSON object has too many members');
    this.#keys.add(key);
    this.#key = key;
    this.#place = 'before value';
  }

  #valueEnds(bytes: Uint8Array | undefined, byte: number, pieces: JsonPiece[]): void {
    pieces.push({ key: this.#key, isElement: false, bytes });
    this.#memberEnds(byte);
  }

  #memberEnds(byte: number): void {
    if (byte === COMMA) this.#place = 'key';
    else if (byte === CLOSE_OBJECT) this.#place = 'end';
    else throw nonsense();
  }

  #elementEnds(bytes: Uint8Array | undefined, byte: number, pieces: JsonPiece[]): void {
    const isEmpty = bytes !== undefined && isBlank(bytes);
    const isEmptyArray = isEmpty && !this.#hasElements && byte === CLOSE_ARRAY;
    if ((isEmpty && !isEmptyArray) || (byte !== COMMA && byte !== CLOSE_ARRAY)) throw nonsense();
    if (!isEmpty) pieces.push({ key: this.#key, isElement: true, bytes });
    this.#hasElements = true;
    if (byte === CLOSE_ARRAY) this.#place = 'after array';
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function readKey(bytes: Uint8Array): string | undefined {
  try {
    const key: unknown = JSON.parse(utf8Decode(bytes) ?? '');
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function nonsense(): JsonError {
  return new JsonError('not_json', 'Content is not a JSON object');
}
