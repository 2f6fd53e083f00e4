import type { ServerName } from '../core/ids.ts';
import { notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { deleteExpired, deleteMedia, filesInUse, findMedia, type MediaRow } from './media.table.ts';
import { type MediaId, type MediaName, mxcUri, parseMediaName } from './media-id.ts';
import { type MediaPage, mediaOfUser, type OldMediaQuery, oldMedia } from './media-list.table.ts';
import type { MediaParts, WithStore } from './media-parts.ts';
import type { FileId } from './media-store.ts';
import { deleteThumbnails } from './thumbnail.table.ts';
import { addUsage } from './usage.table.ts';

type Parts = Pick<MediaParts, 'db' | 'nids' | 'clock' | 'log' | 'serverName' | 'settings'> & WithStore;

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
const DELETED_AT_ONCE = 100;

/** What administrators and the tidying do to media. */
export class Custody {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Deletes a file with its thumbnails. Media of other servers may be fetched again. @throws MatrixError M_NOT_FOUND */
  async delete(serverName: string, mediaId: string): Promise<void> {
    const files = await this.#parts.db.tx(async tx => this.#forget(tx, await this.#find(tx, serverName, mediaId)));
    for (const file of files) await this.#deleteFile(file);
  }

  /** Deletes some files; those that are gone already are passed over. The IDs of those that went. */
  async deleteAll(names: readonly MediaName[]): Promise<MediaId[]> {
    const deleted: MediaId[] = [];
    for (let at = 0; at < names.length; at += DELETED_AT_ONCE) {
      const files = await this.#parts.db.tx(async tx => {
        const found: FileId[] = [];
        for (const { origin, mediaId } of names.slice(at, at + DELETED_AT_ONCE)) {
          const media = await this.#lookUp(tx, origin, mediaId);
          if (media === undefined) continue;
          found.push(...(await this.#forget(tx, media)));
          tx.afterCommit(() => deleted.push(mediaId));
        }
        return found;
      });
      for (const file of files) await this.#deleteFile(file);
    }
    return deleted;
  }

  /** What a user has uploaded: a page of it goes. */
  async deleteOfUser(userNid: number, page: MediaPage): Promise<MediaId[]> {
    const media = await mediaOfUser(this.#parts.db, userNid, page);
    return this.deleteAll(media.map(({ origin, media_id: mediaId }) => ({ origin, mediaId })));
  }

  /**
   * Deletes what nobody has used for long: of this server, or of the others. `isKept` names what stays. Answers the
   * IDs of what went; `signal` stops it on the way.
   */
  async deleteOld(
    query: Omit<OldMediaQuery, 'originNid'>,
    isKept: (uri: string) => boolean,
    signal: AbortSignal,
  ): Promise<MediaId[]> {
    const { db, nids, serverName } = this.#parts;
    const originNid = (await nids.domains.findOne(db, serverName)) ?? 0;
    const deleted: MediaId[] = [];
    for (let after = 0; !signal.aborted; ) {
      const batch = await oldMedia(db, { ...query, originNid }, after, DELETED_AT_ONCE);
      const names = batch.map(({ origin, media_id: mediaId }) => ({ origin, mediaId }));
      deleted.push(...(await this.deleteAll(names.filter(name => !isKept(mxcUri(name))))));
      after = batch.at(-1)?.nid ?? after;
      if (batch.length < DELETED_AT_ONCE) break;
    }
    return deleted;
  }

  /** Deletes the copies of other servers' files that nobody has used for as long as they are kept; their number. */
  async deleteUnusedCopies(signal: AbortSignal): Promise<number> {
    const { clock, settings } = this.#parts;
    const query = { isOther: true, before: clock.now() - settings.keepRemoteMs, largerThan: -1 };
    return (await this.deleteOld(query, () => false, signal)).length;
  }

  /** The files that it was kept in. */
  async #forget(tx: Tx, media: MediaRow): Promise<FileId[]> {
    const thumbnails = await deleteThumbnails(tx, media.nid);
    const deleted = await deleteMedia(tx, media.nid);
    if (deleted && media.user_nid !== null && media.size !== null) {
      await addUsage(tx, media.user_nid, { bytes: -media.size, files: -1 });
    }
    return media.file_id === null ? thumbnails : [media.file_id, ...thumbnails];
  }

  async #find(tx: Tx, serverName: string, mediaId: string): Promise<MediaRow> {
    const name = parseMediaName(serverName, mediaId);
    const media = await this.#lookUp(tx, name.origin, name.mediaId);
    if (media === undefined) throw notFound('There is no such media.');
    return media;
  }

  async #lookUp(tx: Tx, origin: ServerName, mediaId: MediaId): Promise<MediaRow | undefined> {
    const originNid = await this.#parts.nids.domains.findOne(tx, origin);
    return originNid === undefined ? undefined : findMedia(tx, originNid, mediaId);
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
