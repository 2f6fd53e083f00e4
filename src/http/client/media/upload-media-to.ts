import type { Clock } from '../../../base/clock.ts';
import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { withUploadBody } from './upload-body.ts';
import { uploadRequest } from './upload-request.ts';

/** `uploadContentToMXC`: the content of a URI that `create-media.ts` gave out. */
export const uploadMediaTo = (parts: { readonly media: Media; readonly clock: Clock }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/media/v3/upload/:serverName/:mediaId',
    auth: 'user',
    limit: 'media_upload',
    body: 'stream',
    bodyLimit: parts.media.settings.maxUploadBytes,
    async handle(request) {
      const { serverName, mediaId } = request.params;
      await withUploadBody(request.stream, parts.clock, async body =>
        parts.media.uploads.fill(serverName, mediaId, { ...uploadRequest(request), body }),
      );
      return {};
    },
  });
