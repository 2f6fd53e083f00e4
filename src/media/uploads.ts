import { forbidden, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { countPending, fillPending, findMedia, insertMedia, insertPending, type MediaRow } from './media.table.ts';
import { type MediaName, mxcUri, newMediaId, parseMediaName } from './media-id.ts';
import { type MediaParts, uploadedSubject, type WithStore } from './media-parts.ts';
import { FileTooLargeError, type StoredFile, StoreFullError } from './media-store.ts';
import { patientBody } from './patient-body.ts';
import { addUsage, usageOf } from './usage.table.ts';

export interface UploadRequest {
  readonly userNid: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** The Content-Type header as it came. */
  readonly contentType: string | undefined;
  readonly fileName: string | undefined;
  /** The Content-Length, where the client says one. */
  readonly announcedBytes: number | undefined;
}

type Parts = Pick<MediaParts, 'db' | 'bus' | 'nids' | 'clock' | 'random' | 'log' | 'serverName' | 'settings'> &
  WithStore;

const LONGEST_FILE_NAME = 512;
const LONGEST_CONTENT_TYPE = 255;

/** Takes in what users upload (client-server API, "Content repository"). */
export class Uploads {
  readonly #parts: Parts;
  readonly #running = new Map<number, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Stores a file and gives it an `mxc://` URI.
   * @throws MatrixError M_TOO_LARGE (413), M_FORBIDDEN (quota), M_LIMIT_EXCEEDED, M_UNKNOWN (507: no room)
   */
  async upload(request: UploadRequest): Promise<string> {
    const { db, nids, clock, random, serverName } = this.#parts;
    const name = { origin: serverName, mediaId: newMediaId(random) };
    await this.#receive(request, file =>
      db.tx(async tx => {
        const originNid = await nids.domains.internOne(tx, serverName);
        const media = { ...factsOf(request), originNid, mediaId: name.mediaId, userNid: request.userNid, file };
        if (!(await insertMedia(tx, { ...media, now: clock.now() }))) throw new Error('a media ID was drawn twice');
        await this.#count(tx, request.userNid, file);
      }),
    );
    return mxcUri(name);
  }

  /**
   * Reserves a URI whose content follows; `expires` in milliseconds since the epoch.
   * @throws MatrixError M_LIMIT_EXCEEDED when too many of the user's URIs wait
   */
  async create(userNid: number): Promise<{ readonly uri: string; readonly expires: number }> {
    const { db, nids, clock, random, serverName, settings } = this.#parts;
    const name = { origin: serverName, mediaId: newMediaId(random) };
    const now = clock.now();
    const expires = now + settings.pendingLifetimeMs;
    await db.tx(async tx => {
      // Locks the user's row: two that come together cannot both be the last one allowed.
      await addUsage(tx, userNid, { bytes: 0, files: 0 });
      if ((await countPending(tx, userNid, now)) >= settings.pendingPerUser) throw tooManyPending();
      const originNid = await nids.domains.internOne(tx, serverName);
      await insertPending(tx, { originNid, mediaId: name.mediaId, userNid, now, expires });
    });
    return { uri: mxcUri(name), expires };
  }

  /**
   * Stores the content of a reserved URI.
   * @throws MatrixError as `upload` does, and M_NOT_FOUND, M_FORBIDDEN (another user's), M_CANNOT_OVERWRITE_MEDIA
   */
  async fill(serverName: string, mediaId: string, request: UploadRequest): Promise<void> {
    const { db, bus, clock } = this.#parts;
    const name = parseMediaName(serverName, mediaId);
    const media = await this.#reserved(name, request.userNid);
    await this.#receive(request, file =>
      db.tx(async tx => {
        const filled = await fillPending(tx, media.nid, { file, facts: factsOf(request), now: clock.now() });
        if (!filled) throw cannotOverwrite();
        await this.#count(tx, request.userNid, file);
        tx.afterCommit(() => bus.publish(uploadedSubject(media.nid)));
      }),
    );
  }

  async #reserved(name: MediaName, userNid: number): Promise<MediaRow> {
    const { db, nids, clock, serverName } = this.#parts;
    const originNid = name.origin === serverName ? await nids.domains.findOne(db, serverName) : undefined;
    const media = originNid === undefined ? undefined : await findMedia(db, originNid, name.mediaId);
    if (media === undefined) throw notFound('No such media ID was created here.');
    if (media.user_nid !== userNid) throw forbidden('This media ID was created by another user.');
    if (media.uploaded !== null) throw cannotOverwrite();
    if (media.expires !== null && media.expires <= clock.now()) throw notFound('This media ID has expired.');
    return media;
  }

  /** Streams a body into the store and has `keep` record it; a file that is not recorded is deleted again. */
  async #receive(request: UploadRequest, keep: (file: StoredFile) => Promise<void>): Promise<void> {
    checkFacts(request);
    const limit = await this.#limitFor(request);
    const file = await this.#oneOfFew(request.userNid, () => this.#store(request, limit));
    try {
      await keep(file);
    } catch (error) {
      await this.#drop(file);
      throw error;
    }
  }

  /** How many bytes are taken: what the server takes of anyone, or what is left of the user's quota. */
  async #limitFor({ userNid, announcedBytes = 0 }: UploadRequest): Promise<{ bytes: number; error: MatrixError }> {
    const { db, settings } = this.#parts;
    const { maxUploadBytes, quotaBytes } = settings;
    const left = quotaBytes === 0 ? Number.MAX_SAFE_INTEGER : quotaBytes - (await usageOf(db, userNid)).bytes;
    const limit =
      left < maxUploadBytes
        ? { bytes: Math.max(left, 0), error: overQuota(quotaBytes) }
        : { bytes: maxUploadBytes, error: tooLarge(maxUploadBytes) };
    if (announcedBytes > maxUploadBytes) throw tooLarge(maxUploadBytes);
    if (announcedBytes > limit.bytes || left <= 0) throw limit.error;
    return limit;
  }

  async #store(request: UploadRequest, limit: { bytes: number; error: MatrixError }): Promise<StoredFile> {
    const { store, clock, settings, log } = this.#parts;
    try {
      return await store.put(patientBody(request.body, clock, settings.uploadIdleMs), limit.bytes);
    } catch (error) {
      if (error instanceof FileTooLargeError) throw limit.error;
      if (!(error instanceof StoreFullError)) throw error;
      log.error('The media store is full: uploads are refused until there is room again.', { err: error });
      throw new MatrixError('M_UNKNOWN', 'The server has no room left for media.', { status: 507, cause: error });
    }
  }

  /** A user's unfinished uploads are no part of the quota yet, so there may be only a few of them. */
  async #oneOfFew<T>(userNid: number, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(userNid) ?? 0;
    if (running >= this.#parts.settings.uploadsAtOnce) throw tooManyUploads();
    this.#running.set(userNid, running + 1);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(userNid) ?? 1) - 1;
      if (left === 0) this.#running.delete(userNid);
      else this.#running.set(userNid, left);
    }
  }

  /** The quota once more, now that the size is known and the user's row is locked. */
  async #count(tx: Tx, userNid: number, file: StoredFile): Promise<void> {
    const { quotaBytes } = this.#parts.settings;
    const { bytes } = await addUsage(tx, userNid, { bytes: file.size, files: 1 });
    if (quotaBytes !== 0 && bytes > quotaBytes) throw overQuota(quotaBytes);
  }

  async #drop(file: StoredFile): Promise<void> {
    const { store, log } = this.#parts;
    await store.delete(file.fileId).catch(error => {
      log.warn('A file that was not kept could not be deleted; the tidying will.', { file: file.fileId, err: error });
    });
  }
}

function factsOf({ contentType, fileName }: UploadRequest) {
  return { contentType, fileName };
}

function checkFacts({ contentType = '', fileName = '' }: UploadRequest): void {
  if (fileName.length > LONGEST_FILE_NAME || contentType.length > LONGEST_CONTENT_TYPE) {
    throw new MatrixError('M_INVALID_PARAM', 'The file name or the content type is too long.');
  }
}

function tooLarge(limit: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `Files larger than ${limit} bytes are not taken.`);
}

function overQuota(quota: number): MatrixError {
  return forbidden(`The files of one user may take ${quota} bytes together; this one does not fit any more.`);
}

function cannotOverwrite(): MatrixError {
  return new MatrixError('M_CANNOT_OVERWRITE_MEDIA', 'This media ID has its content already.');
}

function tooManyPending(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many of your media IDs still wait for their content.', {
    fields: { retry_after_ms: 60_000 },
  });
}

function tooManyUploads(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many of your uploads are running.', {
    fields: { retry_after_ms: 5000 },
  });
}
