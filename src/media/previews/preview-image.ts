import type { JsonObject } from '../../core/json.ts';
import { insertMedia } from '../media.table.ts';
import { type MediaId, mxcUri, newMediaId } from '../media-id.ts';
import type { MediaParts, WithStore } from '../media-parts.ts';
import type { StoredFile } from '../media-store.ts';
import type { Thumbnailer } from '../thumbnailer.ts';
import type { FetchedPage } from './page-fetch.ts';

/** Larger pictures are not shown in previews, in bytes. */
export const MOST_IMAGE_BYTES = 10 * 1024 * 1024;

export interface StoredImage {
  readonly mediaId: MediaId;
  /** In bytes. */
  readonly size: number;
  /** `og:image` and what belongs to it. */
  readonly fields: JsonObject;
}

export type ImageParts = Pick<MediaParts, 'db' | 'nids' | 'clock' | 'random' | 'serverName' | 'settings'> &
  WithStore & { readonly thumbnailer: Thumbnailer };

/**
 * Copies a picture into the media store, so that clients do not show themselves to the page. Undefined when it is none of
 * the types that are decoded, whatever its header says.
 * @throws FileTooLargeError, StoreFullError, and what the connection throws
 */
export async function storeImage(parts: ImageParts, page: FetchedPage): Promise<StoredImage | undefined> {
  const { store, settings } = parts;
  const file = await store.put(page.body, Math.min(MOST_IMAGE_BYTES, settings.maxUploadBytes));
  let kept: StoredImage | undefined;
  try {
    kept = await keep(parts, file);
  } finally {
    if (kept === undefined) await store.delete(file.fileId);
  }
  return kept;
}

async function keep(parts: ImageParts, file: StoredFile): Promise<StoredImage | undefined> {
  const { store, thumbnailer, settings, db, nids, clock, random, serverName } = parts;
  const { maxPixels } = settings.thumbnails;
  const size = { width: 0, height: 0, method: 'scale', animated: true, maxPixels } as const;
  const drawn = await store.withLocalFile(file.fileId, path => thumbnailer.draw({ ...size, file: path }));
  if (drawn.outcome !== 'original') return undefined;
  const mediaId = newMediaId(random);
  await db.tx(async tx => {
    const originNid = await nids.domains.internOne(tx, serverName);
    const facts = { contentType: drawn.type, fileName: undefined, userNid: undefined };
    await insertMedia(tx, { ...facts, originNid, mediaId, file, now: clock.now() });
  });
  const fields = {
    'og:image': mxcUri({ origin: serverName, mediaId }),
    'og:image:type': drawn.type,
    'og:image:width': drawn.width,
    'og:image:height': drawn.height,
    'matrix:image:size': file.size,
  };
  return { mediaId, size: file.size, fields };
}
