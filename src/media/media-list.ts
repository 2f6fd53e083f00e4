import { notFound } from '../core/matrix-error.ts';
import { parseMediaName } from './media-id.ts';
import {
  countMediaOfUser,
  countUsersWithMedia,
  type ListedMedia,
  type MediaPage,
  mediaByUser,
  mediaOfUser,
  oneMedia,
  type UserMediaQuery,
  type UserMediaRow,
} from './media-list.table.ts';
import type { MediaParts } from './media-parts.ts';

export {
  type ListedMedia,
  MEDIA_ORDERS,
  type MediaPage,
  USER_MEDIA_ORDERS,
  type UserMediaQuery,
} from './media-list.table.ts';

/** What media there is, for administrators. */
export class MediaList {
  readonly #parts: Pick<MediaParts, 'db' | 'nids'>;

  constructor(parts: Pick<MediaParts, 'db' | 'nids'>) {
    this.#parts = parts;
  }

  /** @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM */
  async one(serverName: string, mediaId: string): Promise<ListedMedia> {
    const name = parseMediaName(serverName, mediaId);
    const { db, nids } = this.#parts;
    const originNid = await nids.domains.findOne(db, name.origin);
    const media = originNid === undefined ? undefined : await oneMedia(db, originNid, name.mediaId);
    if (media === undefined) throw notFound('There is no such media.');
    return media;
  }

  /** A page of what a user has uploaded, and how many files that are in all. */
  async ofUser(
    userNid: number,
    page: MediaPage,
  ): Promise<{ readonly media: readonly ListedMedia[]; readonly total: number }> {
    const { db } = this.#parts;
    return { total: await countMediaOfUser(db, userNid), media: await mediaOfUser(db, userNid, page) };
  }

  /** A page of the users with media, and how many users have some. */
  async byUser(query: UserMediaQuery): Promise<{ readonly users: readonly UserMediaRow[]; readonly total: number }> {
    const { db } = this.#parts;
    return { total: await countUsersWithMedia(db, query), users: await mediaByUser(db, query) };
  }
}
