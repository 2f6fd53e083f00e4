import { invalidParam, notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { type MediaName, parseMediaName } from './media-id.ts';
import type { MediaParts } from './media-parts.ts';
import {
  type ChangeRow,
  changesAfter,
  freeContent,
  freeMedia,
  freeMediaOf,
  type HeldMedia,
  heldMedia,
  holdContent,
  holdMedia,
  mediaWithContent,
  recordChange,
  setProtected,
} from './quarantine.table.ts';

type Parts = Pick<MediaParts, 'db' | 'nids' | 'clock' | 'serverName'>;

const AT_ONCE = 100;
const CHANGES_AT_ONCE = 100;

/**
 * Withholds files from everybody; their bytes stay. The same bytes are withheld under every other URI, those too that
 * come later, and what is protected is never withheld.
 */
export class Quarantine {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Withholds a file, or gives it back. `by`: the administrator. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM */
  async set(serverName: string, mediaId: string, held: boolean, by = 0): Promise<void> {
    await this.#parts.db.tx(async tx => {
      const media = await this.#require(tx, serverName, mediaId);
      if (held && media.protected === 1) throw invalidParam('This file is protected from quarantine.');
      if (held) await this.#hold(tx, [media], by);
      else await this.#free(tx, media);
    });
  }

  /** Withholds what a user has uploaded; the number of files. */
  async holdOfUser(userNid: number, by: number): Promise<number> {
    const { db } = this.#parts;
    let held = 0;
    for (let after = 0; ; ) {
      const batch = await freeMediaOf(db, userNid, after, AT_ONCE);
      if (batch.length > 0) await db.tx(tx => this.#hold(tx, batch, by));
      held += batch.length;
      after = batch.at(-1)?.nid ?? after;
      if (batch.length < AT_ONCE) return held;
    }
  }

  /** Withholds those of some files that are here; their number. */
  async holdAll(names: readonly MediaName[], by: number): Promise<number> {
    let held = 0;
    for (let at = 0; at < names.length; at += AT_ONCE) {
      held += await this.#parts.db.tx(async tx => {
        const found: HeldMedia[] = [];
        for (const name of names.slice(at, at + AT_ONCE)) {
          const media = await this.#find(tx, name);
          if (media?.quarantined === 0 && media.protected === 0) found.push(media);
        }
        await this.#hold(tx, found, by);
        return found.length;
      });
    }
    return held;
  }

  /** Keeps a file of this server out of every quarantine, or no longer. @throws MatrixError M_NOT_FOUND */
  async protect(mediaId: string, isProtected: boolean): Promise<void> {
    await this.#parts.db.tx(async tx => {
      await setProtected(tx, (await this.#require(tx, this.#parts.serverName, mediaId)).nid, isProtected);
    });
  }

  /** What went in and came out after a place in the list, oldest first, a hundred at most. */
  changes(after: number): Promise<ChangeRow[]> {
    return changesAfter(this.#parts.db, after, CHANGES_AT_ONCE);
  }

  async #hold(tx: Tx, media: readonly HeldMedia[], by: number): Promise<void> {
    const all = new Map<number, HeldMedia>();
    for (const one of media) {
      all.set(one.nid, one);
      if (one.sha256 === null) continue;
      await holdContent(tx, one.sha256, by, this.#parts.clock.now());
      for (const same of await mediaWithContent(tx, one.sha256)) if (same.protected === 0) all.set(same.nid, same);
    }
    const free = [...all.values()].filter(one => one.quarantined === 0);
    if (free.length === 0) return;
    await holdMedia(
      tx,
      free.map(one => one.nid),
      by,
    );
    for (const one of free) await recordChange(tx, one, true, this.#parts.clock.now());
  }

  async #free(tx: Tx, media: HeldMedia): Promise<void> {
    if (media.sha256 !== null) await freeContent(tx, media.sha256);
    const same = media.sha256 === null ? [media] : await mediaWithContent(tx, media.sha256);
    const held = same.filter(one => one.quarantined === 1);
    await freeMedia(
      tx,
      held.map(one => one.nid),
    );
    for (const one of held) await recordChange(tx, one, false, this.#parts.clock.now());
  }

  async #find(tx: Tx, { origin, mediaId }: MediaName): Promise<HeldMedia | undefined> {
    const originNid = await this.#parts.nids.domains.findOne(tx, origin);
    return originNid === undefined ? undefined : heldMedia(tx, originNid, mediaId);
  }

  async #require(tx: Tx, serverName: string, mediaId: string): Promise<HeldMedia> {
    const media = await this.#find(tx, parseMediaName(serverName, mediaId));
    if (media === undefined) throw notFound('There is no such media.');
    return media;
  }
}
