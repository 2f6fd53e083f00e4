import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { mediaRequest } from './media-request.ts';
import { sendDownload } from './send-download.ts';

/** `getContentOverrideName`: deprecated, without access token. */
export const legacyDownloadMediaAs = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/media/v3/download/:serverName/:mediaId/:fileName',
    alsoAt: ['/_matrix/media/v1/download/:serverName/:mediaId/:fileName'],
    auth: 'none',
    limit: 'media_download',
    async handle(request) {
      const { fileName } = request.params;
      return sendDownload(parts.media, mediaRequest(request, false), { fileName, header: request.header });
    },
  });
