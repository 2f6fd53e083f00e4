import { contentDisposition } from '../../../media/content-disposition.ts';
import type { DownloadRequest } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';
import type { Reply } from '../../endpoint.ts';
import type { Query } from '../../query.ts';
import { sendFile } from './send-file.ts';
import { thumbnailName, wantedThumbnail } from './wanted-thumbnail.ts';

/** Both thumbnail endpoints. */
export async function sendThumbnail(
  media: Media,
  wanted: DownloadRequest,
  { query, header }: { query: Query; header: (name: string) => string | undefined },
): Promise<Reply> {
  const size = wantedThumbnail(query);
  const found = await media.downloads.find(wanted);
  const thumbnail = await media.thumbnails.of(found, size);
  const disposition = contentDisposition(thumbnail.contentType, thumbnailName(thumbnail.contentType));
  return sendFile(media.store, { ...thumbnail, disposition, isPublic: !wanted.authenticated }, header);
}
