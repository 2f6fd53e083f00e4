import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendThumbnail } from './send-thumbnail.ts';

/** `getContentThumbnailAuthed`. */
export const thumbnailMedia = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/media/thumbnail/:serverName/:mediaId',
    auth: 'user',
    limit: 'media_download',
    async handle(request) {
      return sendThumbnail(parts.media, mediaRequest(request, true), request);
    },
  });
