import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Random } from '../base/random.ts';
import {
  type ByteRange,
  type FileId,
  FileTooLargeError,
  type MediaStore,
  type StoredFile,
  StoreFullError,
} from './media-store.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/**
 * Media as files: `files/ab/cdef...`, named by random ids. Uploads are written to `incoming/`, synced and renamed, so
 * that a file under `files/` is always whole.
 */
export class DiskStore implements MediaStore {
  readonly #folder: string;
  readonly #random: Random;
  /** Folders of files whose own names are known to be on the disk: 256 at most. */
  readonly #lasting = new Set<string>();

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  async put(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredFile> {
    const fileId = Buffer.from(this.#random.bytes(20)).toString('hex') as FileId;
    const unfinished = join(this.#incoming, fileId);
    try {
      await mkdir(this.#incoming, { recursive: true, mode: PRIVATE_FOLDER });
      const written = await writeFile(unfinished, source, maxBytes);
      await this.#keep(unfinished, this.#path(fileId));
      return { fileId, ...written };
    } catch (error) {
      await rm(unfinished, { force: true });
      throw isFull(error) ? new StoreFullError(error) : error;
    }
  }

  async #keep(unfinished: string, path: string): Promise<void> {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    await rename(unfinished, path);
    await syncFolder(folder);
    if (this.#lasting.has(folder)) return;
    // Whoever made these folders may not have come to syncing them: another upload, or a run that was cut short.
    for (const parent of [dirname(folder), this.#folder, dirname(this.#folder)]) await syncFolder(parent);
    this.#lasting.add(folder);
  }

  async read(fileId: FileId, range?: ByteRange): Promise<Readable | undefined> {
    try {
      const file = await open(this.#path(fileId), 'r');
      return file.createReadStream(range === undefined ? {} : { start: range.start, end: range.end });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  withLocalFile<T>(fileId: FileId, use: (path: string) => Promise<T>): Promise<T> {
    return use(this.#path(fileId));
  }

  async delete(fileId: FileId): Promise<void> {
    await rm(this.#path(fileId), { force: true });
  }

  async *filesBefore(time: number): AsyncIterable<FileId> {
    for await (const { name, path } of filesBelow(join(this.#folder, 'files'))) {
      const fileId = `${dirname(path).slice(-2)}${name}`;
      if (isFileId(fileId) && (await writtenBefore(path, time))) yield fileId;
    }
  }

  async removeUnfinished(time: number): Promise<number> {
    let removed = 0;
    for await (const { path } of filesBelow(this.#incoming)) {
      if (!(await writtenBefore(path, time))) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }

  get #incoming(): string {
    return join(this.#folder, 'incoming');
  }

  /** The only place where a path is made, and only out of hexadecimal digits. */
  #path(fileId: string): string {
    if (!isFileId(fileId)) throw new Error('a file id that this store never gave out');
    return join(this.#folder, 'files', fileId.slice(0, 2), fileId.slice(2));
  }
}

function isFileId(text: string): text is FileId {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Writes and syncs a new file. The next chunk is asked for when the last one is written: memory stays flat. */
async function writeFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Omit<StoredFile, 'fileId'>> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    const written = await writeChunks(file, source, maxBytes);
    await file.sync();
    return written;
  } finally {
    await file.close();
  }
}

async function writeChunks(file: FileHandle, source: AsyncIterable<Uint8Array>, maxBytes: number) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw new FileTooLargeError(maxBytes);
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  return { size, sha256: new Uint8Array(hash.digest()) };
}

/** A rename is durable only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* filesBelow(folder: string): AsyncIterable<{ name: string; path: string }> {
  try {
    const entries = await opendir(folder, { recursive: true });
    for await (const entry of entries)
      if (entry.isFile()) yield { name: entry.name, path: join(entry.parentPath, entry.name) };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function writtenBefore(path: string, time: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < time;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}
