import { thumbnailName, wantedThumbnail } from '../../client/media/wanted-thumbnail.ts';
import { endpoint } from '../../endpoint.ts';
import { type FederationMediaParts, ownMedia } from './own-media.ts';
import { sendMultipart } from './send-multipart.ts';

/** `getContentThumbnail` of the server-server API. */
export const thumbnailMedia = (parts: FederationMediaParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/media/thumbnail/:mediaId',
    auth: 'server',
    limit: 'media_download',
    async handle(request) {
      const wanted = wantedThumbnail(request.query);
      const thumbnail = await parts.media.thumbnails.of(await ownMedia(parts, request), wanted);
      const file = { ...thumbnail, fileName: thumbnailName(thumbnail.contentType) };
      return sendMultipart(parts.media.store, parts.random, file);
    },
  });
