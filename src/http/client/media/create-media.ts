import type { Media } from '../../../media/media.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuests } from './upload-request.ts';

/** `createContent`: an `mxc://` URI whose content is uploaded later. */
export const createMedia = (parts: { readonly media: Media }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/media/v1/create',
    auth: 'user',
    limit: 'media_upload',
    async handle({ user }) {
      refuseGuests(user);
      const { uri, expires } = await parts.media.uploads.create(user.userNid);
      return { content_uri: uri, unused_expires_at: expires };
    },
  });
