import { crc32 } from 'node:zlib';
import type { RootFacts } from './tree-types.ts';

/**
 * The new pages of one change as one row:
 *
 *     CRC-32 (4 B), flags (1 B), entries of the root (4 B), fingerprint of the root (16 B), pages (1 B),
 *     the length of each page (2 B each), the pages
 *
 * Integers are little-endian. The CRC covers all that follows and the row's room and number, so that a row in the wrong
 * place is found too. The root, if the record has one, is its last page.
 */
export const PAGES_PER_RECORD = 31;
/** Records end near this size: rows of 2 kB would overflow SQLite's pages and be compressed by PostgreSQL. */
export const RECORD_BYTES = 960;

const SLOTS = 32;
/** No page has this slot: as a page id it means the facts of the record's root. */
const FACTS_SLOT = 31;
const FACTS_AT = 4;
const FACTS_BYTES = 21;
const COUNT_AT = FACTS_AT + FACTS_BYTES;
const DIRECTORY_AT = COUNT_AT + 1;

const PARTIAL = 1;
const HAS_ROOT = 2;

/** A record of the state tree is missing or is not what was written. */
export class StateRecordError extends Error {
  readonly roomNid: number;
  readonly record: number;

  constructor(roomNid: number, record: number, what: string) {
    super(`record ${record} of the state tree of room ${roomNid} ${what}`);
    this.name = 'StateRecordError';
    this.roomNid = roomNid;
    this.record = record;
  }
}

export function pageId(record: number, slot: number): number {
  return record * SLOTS + slot;
}

export function recordOf(id: number): number {
  return Math.floor(id / SLOTS);
}

export function factsId(root: number): number {
  return pageId(recordOf(root), FACTS_SLOT);
}

/** What a record of these pages will take. */
export function recordBytes(pages: number, pageBytes: number): number {
  return DIRECTORY_AT + 2 * pages + pageBytes;
}

export function encodeFacts(facts: RootFacts): Uint8Array {
  const out = Buffer.alloc(FACTS_BYTES);
  out[0] = (facts.partial ? PARTIAL : 0) | HAS_ROOT;
  out.writeUInt32LE(facts.entries, 1);
  out.writeBigUInt64LE(BigInt.asUintN(64, facts.fingerprint), 5);
  out.writeBigUInt64LE(facts.fingerprint >> 64n, 13);
  return out;
}

export function decodeFacts(bytes: Uint8Array): RootFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(0);
  return {
    partial: (flags & PARTIAL) !== 0,
    entries: view.getUint32(1, true),
    fingerprint: view.getBigUint64(5, true) | (view.getBigUint64(13, true) << 64n),
  };
}

/** `facts` (as `encodeFacts` gives it) is for the record that ends with a root. */
export function encodeRecord(
  roomNid: number,
  record: number,
  pages: readonly Uint8Array[],
  facts: Uint8Array | undefined,
): Uint8Array {
  const out = Buffer.alloc(
    recordBytes(
      pages.length,
      pages.reduce((sum, page) => sum + page.length, 0),
    ),
  );
  if (facts !== undefined) out.set(facts, FACTS_AT);
  out[COUNT_AT] = pages.length;
  let at = DIRECTORY_AT + 2 * pages.length;
  for (const [slot, page] of pages.entries()) {
    out.writeUInt16LE(page.length, DIRECTORY_AT + 2 * slot);
    out.set(page, at);
    at += page.length;
  }
  out.writeUInt32LE(checksum(roomNid, record, out), 0);
  return out;
}

function checksum(roomNid: number, record: number, data: Uint8Array): number {
  return crc32(data.subarray(FACTS_AT), crc32(`${roomNid}.${record}`));
}

/** A record as read; the constructor throws StateRecordError when it is damaged. */
export class StateRecord {
  readonly #roomNid: number;
  readonly #record: number;
  readonly #data: DataView;
  /** Where each page starts, and the end of the last. */
  readonly #starts: number[] = [];

  constructor(roomNid: number, record: number, data: Uint8Array) {
    this.#roomNid = roomNid;
    this.#record = record;
    this.#data = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length < DIRECTORY_AT || this.#data.getUint32(0, true) !== checksum(roomNid, record, data)) {
      throw new StateRecordError(roomNid, record, 'is damaged: its checksum is wrong');
    }
    const count = this.#data.getUint8(COUNT_AT);
    let at = DIRECTORY_AT + 2 * count;
    for (let slot = 0; slot < count; slot++) {
      this.#starts.push(at);
      at += this.#data.getUint16(DIRECTORY_AT + 2 * slot, true);
    }
    this.#starts.push(at);
  }

  /** A copy of a page, or of the facts of the root for their own page id: a view would pin the whole record. */
  copy(id: number): Uint8Array {
    const slot = id % SLOTS;
    if (slot === FACTS_SLOT) return this.#copyFacts();
    const from = this.#starts[slot];
    const to = this.#starts[slot + 1];
    if (from === undefined || to === undefined) {
      throw new StateRecordError(this.#roomNid, this.#record, `has no page ${slot}`);
    }
    return this.#slice(from, to);
  }

  #copyFacts(): Uint8Array {
    if ((this.#data.getUint8(FACTS_AT) & HAS_ROOT) === 0) {
      throw new StateRecordError(this.#roomNid, this.#record, 'has no root');
    }
    return this.#slice(FACTS_AT, COUNT_AT);
  }

  #slice(from: number, to: number): Uint8Array {
    return new Uint8Array(
      this.#data.buffer.slice(this.#data.byteOffset + from, this.#data.byteOffset + to) as ArrayBuffer,
    );
  }
}
