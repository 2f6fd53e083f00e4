import { notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { deleteExpired, deleteMedia, filesInUse, findMedia, type MediaRow, setQuarantined } from './media.table.ts';
import { parseMediaName } from './media-id.ts';
import type { MediaParts, WithStore } from './media-parts.ts';
import type { FileId } from './media-store.ts';
import { deleteThumbnails } from './thumbnail.table.ts';
import { addUsage } from './usage.table.ts';

type Parts = Pick<MediaParts, 'db' | 'nids' | 'clock' | 'log'> & WithStore;

export interface TidyReport {
  /** Reserved URIs whose time was over. */
  readonly expired: number;
  /** Files of interrupted uploads. */
  readonly unfinished: number;
  /** Files that nothing refers to: left by a crash between storing and recording. */
  readonly orphans: number;
}

/** An upload that began before its URI expired, or is being recorded, is not disturbed for so long. */
const GRACE_MS = 24 * 3_600_000;
const ORPHAN_BATCH = 500;

/** What administrators and the tidying do to media. */
export class Custody {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Withholds a file from everybody, or gives it back; its bytes stay. @throws MatrixError M_NOT_FOUND */
  async quarantine(serverName: string, mediaId: string, quarantined: boolean): Promise<void> {
    await this.#parts.db.tx(async tx =>
      setQuarantined(tx, (await this.#find(tx, serverName, mediaId)).nid, quarantined),
    );
  }

  /** Deletes a file with its thumbnails. Media of other servers may be fetched again. @throws MatrixError M_NOT_FOUND */
  async delete(serverName: string, mediaId: string): Promise<void> {
    const files = await this.#parts.db.tx(async tx => {
      const media = await this.#find(tx, serverName, mediaId);
      const thumbnails = await deleteThumbnails(tx, media.nid);
      const deleted = await deleteMedia(tx, media.nid);
      if (deleted && media.user_nid !== null && media.size !== null) {
        await addUsage(tx, media.user_nid, { bytes: -media.size, files: -1 });
      }
      return media.file_id === null ? thumbnails : [media.file_id, ...thumbnails];
    });
    for (const file of files) await this.#deleteFile(file);
  }

  async #find(tx: Tx, serverName: string, mediaId: string): Promise<MediaRow> {
    const name = parseMediaName(serverName, mediaId);
    const originNid = await this.#parts.nids.domains.findOne(tx, name.origin);
    const media = originNid === undefined ? undefined : await findMedia(tx, originNid, name.mediaId);
    if (media === undefined) throw notFound('There is no such media.');
    return media;
  }

  /** Clears away what crashes and broken promises left. To be run now and then, by one process at a time or several. */
  async tidy(): Promise<TidyReport> {
    const { db, clock, store } = this.#parts;
    const before = clock.now() - GRACE_MS;
    const expired = await db.tx(tx => deleteExpired(tx, before));
    const unfinished = await store.removeUnfinished(before);
    return { expired, unfinished, orphans: await this.#removeOrphans(before) };
  }

  async #removeOrphans(before: number): Promise<number> {
    let removed = 0;
    let batch: FileId[] = [];
    for await (const file of this.#parts.store.filesBefore(before)) {
      batch.push(file);
      if (batch.length < ORPHAN_BATCH) continue;
      removed += await this.#removeUnused(batch);
      batch = [];
    }
    return removed + (await this.#removeUnused(batch));
  }

  async #removeUnused(files: readonly FileId[]): Promise<number> {
    if (files.length === 0) return 0;
    const used = await filesInUse(this.#parts.db, files);
    const orphans = files.filter(file => !used.has(file));
    for (const file of orphans) await this.#deleteFile(file);
    return orphans.length;
  }

  /** A file that cannot be deleted is an orphan: the next tidying tries again. */
  async #deleteFile(file: FileId): Promise<void> {
    await this.#parts.store.delete(file).catch(error => {
      this.#parts.log.warn('A media file could not be deleted.', { file, err: error });
    });
  }
}
