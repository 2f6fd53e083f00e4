import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';

/** `getConfigAuthed`, and the deprecated `getConfig`, which needs a token too. */
export const mediaConfig = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/media/config',
    alsoAt: ['/_matrix/media/v3/config', '/_matrix/media/v1/config'],
    auth: 'user',
    async handle() {
      return { 'm.upload.size': parts.media.settings.maxUploadBytes };
    },
  });
