import { sleep } from '../base/clock.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import { findMedia, type MediaRow, touchMedia } from './media.table.ts';
import { type MediaName, parseMediaName } from './media-id.ts';
import { type MediaParts, uploadedSubject, type WithStore } from './media-parts.ts';
import type { FileId } from './media-store.ts';
import { noRemoteMedia } from './ports.ts';
import { RemoteCache } from './remote-cache.ts';

export interface DownloadRequest {
  /** As they came: checked here. */
  readonly serverName: string;
  readonly mediaId: string;
  /** How long to wait for content that is not there yet. */
  readonly timeoutMs: number;
  /** False: media of other servers only where it is cached. */
  readonly allowRemote: boolean;
  /** False on the deprecated endpoints, which the operator may have frozen. */
  readonly authenticated: boolean;
  readonly signal: AbortSignal;
}

/** A file that may be served. */
export interface AvailableMedia {
  readonly nid: number;
  readonly isRemote: boolean;
  readonly fileId: FileId;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly contentType: string | undefined;
  readonly fileName: string | undefined;
}

type Parts = Pick<
  MediaParts,
  'db' | 'bus' | 'nids' | 'clock' | 'log' | 'budget' | 'serverName' | 'settings' | 'remote'
> &
  WithStore;

/** The bus may lose a message, and an upload may end in another process: the table is asked this often. */
const RECHECK_MS = 5000;
/** The last access is for retention: an hour is exact enough, and saves a write per download. */
const ACCESS_GRAIN_MS = 3_600_000;

/** Finds what is asked for by `mxc://` URI. */
export class Downloads {
  readonly #parts: Parts;
  readonly #remote: RemoteCache;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#remote = new RemoteCache({ ...parts, remote: parts.remote ?? noRemoteMedia });
  }

  /**
   * @throws MatrixError M_INVALID_PARAM (the name breaks the grammar), M_NOT_FOUND, M_NOT_YET_UPLOADED (504),
   * M_TOO_LARGE (502: another server's file)
   */
  async find(request: DownloadRequest): Promise<AvailableMedia> {
    const name = parseMediaName(request.serverName, request.mediaId);
    const { legacyDownloads } = this.#parts.settings;
    if (!request.authenticated && legacyDownloads === false) throw frozen();
    const row = await this.#find(name, request);
    // Both must look the same as media that never was.
    if (row === undefined || row.quarantined !== 0) throw notFound('There is no such media.');
    const available = availableMedia(row, name.origin !== this.#parts.serverName);
    if (!request.authenticated && typeof legacyDownloads === 'object') {
      if (row.uploaded === null || row.uploaded >= legacyDownloads.frozenSince) throw frozen();
    }
    await this.#touch(row);
    return available;
  }

  async #find(name: MediaName, request: DownloadRequest): Promise<MediaRow | undefined> {
    const row = await this.#lookUp(name);
    if (row !== undefined) return row.uploaded === null ? this.#whenUploaded(name, row.nid, request) : row;
    if (name.origin === this.#parts.serverName || !request.allowRemote) return undefined;
    await this.#remote.fetch(name, request.timeoutMs);
    return this.#lookUp(name);
  }

  async #lookUp({ origin, mediaId }: MediaName): Promise<MediaRow | undefined> {
    const { db, nids } = this.#parts;
    const originNid = await nids.domains.findOne(db, origin);
    return originNid === undefined ? undefined : findMedia(db, originNid, mediaId);
  }

  /** Waits for the content of a reserved URI. @throws MatrixError M_NOT_YET_UPLOADED */
  async #whenUploaded(name: MediaName, nid: number, request: DownloadRequest): Promise<MediaRow | undefined> {
    const { bus, clock } = this.#parts;
    const deadline = clock.monotonic() + request.timeoutMs;
    for (;;) {
      const woken = new AbortController();
      // Listening starts before the table is read, so that nothing falls in between.
      using _ = bus.subscribe(uploadedSubject(nid), () => woken.abort());
      const row = await this.#lookUp(name);
      if (row === undefined || row.uploaded !== null) return row;
      if (row.quarantined !== 0 || (row.expires ?? 0) <= clock.now()) return undefined;
      const left = deadline - clock.monotonic();
      if (left <= 0 || request.signal.aborted) throw notYetUploaded();
      await sleep(clock, Math.min(left, RECHECK_MS), AbortSignal.any([woken.signal, request.signal]));
    }
  }

  async #touch(row: MediaRow): Promise<void> {
    const { db, clock, log } = this.#parts;
    const now = clock.now();
    if (now - row.last_access < ACCESS_GRAIN_MS) return;
    try {
      await db.tx(tx => touchMedia(tx, row.nid, now));
    } catch (error) {
      log.warn('The access to a file could not be noted; it is served all the same.', { err: error });
    }
  }
}

function availableMedia(row: MediaRow, isRemote: boolean): AvailableMedia {
  const { nid, file_id, size, sha256, content_type, file_name } = row;
  if (file_id === null || size === null || sha256 === null) throw new Error('uploaded media has no file');
  const facts = { contentType: content_type ?? undefined, fileName: file_name ?? undefined };
  return { nid, isRemote, fileId: file_id, size, sha256, ...facts };
}

function frozen(): MatrixError {
  return notFound('There is no such media here without an access token: use the authenticated endpoint.');
}

function notYetUploaded(): MatrixError {
  return new MatrixError('M_NOT_YET_UPLOADED', 'The content of this media ID has not been uploaded yet.');
}
