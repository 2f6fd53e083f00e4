import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendThumbnail } from './send-thumbnail.ts';

/** `getContentThumbnail`: deprecated, without access token. */
export const legacyThumbnailMedia = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/media/v3/thumbnail/:serverName/:mediaId',
    alsoAt: ['/_matrix/media/v1/thumbnail/:serverName/:mediaId'],
    auth: 'none',
    limit: 'media_download',
    async handle(request) {
      return sendThumbnail(parts.media, mediaRequest(request, false), request);
    },
  });
