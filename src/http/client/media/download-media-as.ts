import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendDownload } from './send-download.ts';

/** `getContentOverrideNameAuthed`. */
export const downloadMediaAs = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/media/download/:serverName/:mediaId/:fileName',
    auth: 'user',
    limit: 'media_download',
    async handle(request) {
      const { fileName } = request.params;
      return sendDownload(parts.media, mediaRequest(request, true), { fileName, header: request.header });
    },
  });
