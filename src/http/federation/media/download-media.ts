import { servedType } from '../../../media/content-disposition.ts';
import { endpoint } from '../../endpoint.ts';
import { type FederationMediaParts, ownMedia } from './own-media.ts';
import { sendMultipart } from './send-multipart.ts';

/** `getContent` of the server-server API. */
export const downloadMedia = (parts: FederationMediaParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/media/download/:mediaId',
    auth: 'server',
    limit: 'media_download',
    async handle(request) {
      const found = await ownMedia(parts, request);
      const file = { ...found, contentType: servedType(found.contentType) };
      return sendMultipart(parts.media.store, parts.random, file);
    },
  });
