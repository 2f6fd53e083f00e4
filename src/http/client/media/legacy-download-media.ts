import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendDownload } from './send-download.ts';

/** `getContent`: deprecated, without access token. */
export const legacyDownloadMedia = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/media/v3/download/:serverName/:mediaId',
    alsoAt: ['/_matrix/media/v1/download/:serverName/:mediaId'],
    auth: 'none',
    limit: 'media_download',
    async handle(request) {
      return sendDownload(parts.media, mediaRequest(request, false), { header: request.header });
    },
  });
