import type { Readable } from 'node:stream';

declare const brand: unique symbol;
/** The name of a file in a store: 40 hexadecimal digits of our own choosing, never anything that a client sent. */
export type FileId = string & { readonly [brand]: 'FileId' };

export interface StoredFile {
  readonly fileId: FileId;
  /** In bytes. */
  readonly size: number;
  readonly sha256: Uint8Array;
}

/** Both ends are included, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Where the bytes of media are kept. A file is written once and never changed. */
export interface MediaStore {
  /**
   * Stores a stream under a new id. Nothing is left behind when it fails, and what it returns survives a power cut.
   * @throws FileTooLargeError, StoreFullError, or what the source throws
   */
  put(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredFile>;
  /** The file's bytes; undefined when there is no such file. Whoever gets the stream reads or destroys it. */
  read(fileId: FileId, range?: ByteRange): Promise<Readable | undefined>;
  /** Hands out a path on this machine that is readable while `use` runs. */
  withLocalFile<T>(fileId: FileId, use: (path: string) => Promise<T>): Promise<T>;
  /** Deletes a file; one that is gone already is no error. */
  delete(fileId: FileId): Promise<void>;
  /** All files that were last written before `time` (milliseconds since the epoch). */
  filesBefore(time: number): AsyncIterable<FileId>;
  /** Deletes what interrupted uploads left before `time`; the number of files. */
  removeUnfinished(time: number): Promise<number>;
}

/** The stream held more than it may. */
export class FileTooLargeError extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`the file is larger than ${maxBytes} bytes`);
    this.name = 'FileTooLargeError';
    this.maxBytes = maxBytes;
  }
}

/** The store has no room left. */
export class StoreFullError extends Error {
  constructor(cause: unknown) {
    super('there is no room left to store media', { cause });
    this.name = 'StoreFullError';
  }
}
