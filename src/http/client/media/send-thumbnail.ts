import { invalidParam } from '../../../core/matrix-error.ts';
import { contentDisposition } from '../../../media/content-disposition.ts';
import type { DownloadRequest } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';
import type { WantedThumbnail } from '../../../media/thumbnails.ts';
import type { Reply } from '../../endpoint.ts';
import type { Query } from '../../query.ts';
import { sendFile } from './send-file.ts';

/** Larger wishes are cut to this: every image that is decoded here is smaller. */
const LARGEST_SIDE = 100_000;

/** Both thumbnail endpoints. */
export async function sendThumbnail(
  media: Media,
  wanted: DownloadRequest,
  { query, header }: { query: Query; header: (name: string) => string | undefined },
): Promise<Reply> {
  const size = wantedThumbnail(query);
  const found = await media.downloads.find(wanted);
  const thumbnail = await media.thumbnails.of(found, size);
  const extension = thumbnail.contentType.slice('image/'.length).replace('jpeg', 'jpg');
  const disposition = contentDisposition(thumbnail.contentType, `thumbnail.${extension}`);
  return sendFile(media.store, { ...thumbnail, disposition, isPublic: !wanted.authenticated }, header);
}

function wantedThumbnail(query: Query): WantedThumbnail {
  return {
    width: side(query, 'width'),
    height: side(query, 'height'),
    method: query.choice('method', ['scale', 'crop'], 'scale'),
    animated: query.boolean('animated'),
  };
}

function side(query: Query, name: string): number {
  if (query.required(name) === '') throw invalidParam(`The query parameter ${name} must be an integer.`);
  return query.integer(name, { fallback: 0, min: 1, max: LARGEST_SIDE });
}
