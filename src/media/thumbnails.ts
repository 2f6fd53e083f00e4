import { ByteCache } from '../base/byte-cache.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { AvailableMedia } from './downloads.ts';
import type { DecodedType, ImageOutcome, ThumbnailMethod } from './image-task.ts';
import type { MediaParts, WithStore } from './media-parts.ts';
import { type FileId, type StoredFile, StoreFullError } from './media-store.ts';
import { findThumbnail, insertThumbnail, type ThumbnailKey, type ThumbnailRow } from './thumbnail.table.ts';
import { boxFor } from './thumbnail-boxes.ts';
import type { Thumbnailer } from './thumbnailer.ts';

export interface WantedThumbnail {
  /** In pixels, at least 1. */
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
  readonly animated: boolean;
}

/** A thumbnail that may be served, inline: its type is what its bytes are. */
export interface AvailableThumbnail {
  readonly fileId: FileId;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly contentType: DecodedType;
}

type Parts = Pick<MediaParts, 'db' | 'clock' | 'log' | 'budget' | 'settings'> &
  WithStore & { readonly thumbnailer: Thumbnailer };
type Failed = Exclude<ImageOutcome['outcome'], 'thumbnail' | 'original'>;

interface Failure {
  readonly failed: Failed;
  readonly until: number;
}

/** For so long an image of which no thumbnail could be made is not tried again. */
const FAILURE_LASTS_MS = 10 * 60_000;

/** Larger thumbnails (long animations) are not kept; a still takes their place. */
const LARGEST_THUMBNAIL_BYTES = 8 * 1024 * 1024;

/** Makes thumbnails at their first use and keeps them. */
export class Thumbnails {
  readonly #parts: Parts;
  readonly #running = new Map<string, Promise<ThumbnailRow>>();
  readonly #failures: ByteCache<Failure>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#failures = new ByteCache({ name: 'thumbnail_failure', budget: parts.budget, weight: 3, sizeOf: () => 64 });
  }

  /**
   * A thumbnail of at least the wanted size, or the original where that is smaller.
   * @throws MatrixError M_UNKNOWN (400: no image that is decoded here), M_TOO_LARGE (413, of other servers' files 502),
   * M_LIMIT_EXCEEDED (too many are waiting)
   */
  async of(media: AvailableMedia, wanted: WantedThumbnail): Promise<AvailableThumbnail> {
    const box = boxFor(wanted.width, wanted.height, wanted.method);
    const key: ThumbnailKey = { mediaNid: media.nid, box, animated: wanted.animated };
    const row = (await findThumbnail(this.#parts.db, key)) ?? (await this.#makeOnce(media, key));
    const { file_id, size, sha256, content_type: contentType } = row;
    if (file_id === null || size === null || sha256 === null) return { ...media, contentType };
    return { fileId: file_id, size, sha256, contentType };
  }

  #makeOnce(media: AvailableMedia, key: ThumbnailKey): Promise<ThumbnailRow> {
    const name = `${key.mediaNid} ${key.box.method} ${key.box.width} ${key.box.height} ${key.animated}`;
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const making = this.#make(media, key).finally(() => this.#running.delete(name));
    this.#running.set(name, making);
    return making;
  }

  async #make(media: AvailableMedia, key: ThumbnailKey): Promise<ThumbnailRow> {
    const failure = this.#failures.get(String(media.nid));
    if (failure !== undefined && failure.until > this.#parts.clock.now()) throw asError(failure.failed, media);
    const made = await this.#draw(media, key);
    if (made.outcome === 'original') return this.#record(key, made.type, undefined);
    if (made.outcome === 'thumbnail') return this.#store(key, made.type, made.bytes);
    if (made.outcome === 'broken') {
      this.#parts.log.info('No thumbnail could be made of an image.', { media: media.nid, reason: made.reason });
    }
    const until = this.#parts.clock.now() + FAILURE_LASTS_MS;
    this.#failures.set(String(media.nid), { failed: made.outcome, until });
    throw asError(made.outcome, media);
  }

  async #draw(media: AvailableMedia, { box, animated }: ThumbnailKey): Promise<ImageOutcome> {
    const { store, thumbnailer, settings } = this.#parts;
    const { maxPixels } = settings.thumbnails;
    return store.withLocalFile(media.fileId, async file => {
      const task = { file, ...box, maxPixels };
      const made = await thumbnailer.draw({ ...task, animated });
      const tooMuch =
        made.outcome === 'broken' ||
        made.outcome === 'too_large' ||
        (made.outcome === 'thumbnail' && made.bytes.length > LARGEST_THUMBNAIL_BYTES);
      // Its first picture alone may still be had.
      return animated && tooMuch ? thumbnailer.draw({ ...task, animated: false }) : made;
    });
  }

  async #store(key: ThumbnailKey, type: DecodedType, bytes: Uint8Array): Promise<ThumbnailRow> {
    const { store } = this.#parts;
    const file = await store.put(oneChunk(bytes), bytes.length).catch(error => {
      throw error instanceof StoreFullError ? noRoom(error) : error;
    });
    try {
      const row = await this.#record(key, type, file);
      if (row.file_id !== file.fileId) await store.delete(file.fileId);
      return row;
    } catch (error) {
      await store.delete(file.fileId);
      throw error;
    }
  }

  /** What counts is the row that is there afterwards: another process may have been faster. */
  async #record(key: ThumbnailKey, type: DecodedType, file: StoredFile | undefined): Promise<ThumbnailRow> {
    const { db, clock } = this.#parts;
    await db.tx(tx => insertThumbnail(tx, key, { type, file, now: clock.now() }));
    const row = await findThumbnail(db, key);
    if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'The media was deleted while its thumbnail was made.');
    return row;
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function asError(failure: Failed, { isRemote }: AvailableMedia): MatrixError {
  if (failure === 'too_large') {
    return new MatrixError('M_TOO_LARGE', 'The image is too large for a thumbnail.', { status: isRemote ? 502 : 413 });
  }
  const reason = failure === 'unsupported' ? 'this is no JPEG, PNG, GIF or WebP image' : 'the image cannot be decoded';
  return new MatrixError('M_UNKNOWN', `No thumbnail can be made: ${reason}.`, { status: 400 });
}

function noRoom(cause: StoreFullError): MatrixError {
  return new MatrixError('M_UNKNOWN', 'The server has no room left for media.', { status: 507, cause });
}
