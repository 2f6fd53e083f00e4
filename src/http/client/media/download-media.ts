import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendDownload } from './send-download.ts';

/** `getContentAuthed`. */
export const downloadMedia = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/media/download/:serverName/:mediaId',
    auth: 'user',
    limit: 'media_download',
    async handle(request) {
      return sendDownload(parts.media, mediaRequest(request, true), { header: request.header });
    },
  });
