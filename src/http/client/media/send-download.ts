import { contentDisposition, servedType } from '../../../media/content-disposition.ts';
import type { DownloadRequest } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';
import type { Reply } from '../../endpoint.ts';
import { sendFile } from './send-file.ts';

/** The four download endpoints: `fileName` replaces the uploader's. */
export async function sendDownload(
  media: Media,
  wanted: DownloadRequest,
  { fileName, header }: { fileName?: string; header: (name: string) => string | undefined },
): Promise<Reply> {
  const found = await media.downloads.find(wanted);
  const contentType = servedType(found.contentType);
  const disposition = contentDisposition(contentType, fileName ?? found.fileName);
  return sendFile(media.store, { ...found, contentType, disposition, isPublic: !wanted.authenticated }, header);
}
