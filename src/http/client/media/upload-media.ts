import type { Clock } from '../../../base/clock.ts';
import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { withUploadBody } from './upload-body.ts';
import { uploadRequest } from './upload-request.ts';

/** `uploadContent` (client-server API, content repository): `{content_uri}`. */
export const uploadMedia = (parts: { readonly media: Media; readonly clock: Clock }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/media/v3/upload',
    alsoAt: ['/_matrix/media/v1/upload'],
    auth: 'user',
    limit: 'media_upload',
    body: 'stream',
    bodyLimit: parts.media.settings.maxUploadBytes,
    async handle(request) {
      const content_uri = await withUploadBody(request.stream, parts.clock, async body =>
        parts.media.uploads.upload({ ...uploadRequest(request), body }),
      );
      return { content_uri };
    },
  });
