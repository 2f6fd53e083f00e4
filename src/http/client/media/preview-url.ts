import type { UrlPreviews } from '../../../media/previews/url-previews.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuests } from './upload-request.ts';

/** `getUrlPreviewAuthed`, and the deprecated `getUrlPreview`, which needs a token too: Open Graph fields of a page. */
export const previewUrl = ({ previews }: { readonly previews: UrlPreviews }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/media/preview_url',
    alsoAt: ['/_matrix/media/v3/preview_url', '/_matrix/media/v1/preview_url'],
    auth: 'user',
    limit: 'media_download',
    async handle({ user, query }) {
      refuseGuests(user);
      const ts = query.get('ts') === undefined ? undefined : query.integer('ts', { fallback: 0, max: 2 ** 50 });
      return previews.preview(user.userNid, query.required('url'), ts);
    },
  });
