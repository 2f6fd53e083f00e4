import type { Users } from '../../../accounts/users.ts';
import type { MediaList } from '../../../media/media-list.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { nextOf } from '../paging.ts';
import { mediaAnswer } from './media-answer.ts';
import { mediaPageOf } from './media-page.ts';

/** Synapse admin API, "List media uploaded by a user". */
export const listUserMedia = ({ users, list }: { readonly users: Users; readonly list: MediaList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/media',
    auth: 'admin',
    async handle({ params, query }) {
      const { userNid } = await localUser(users, params.userId);
      const page = mediaPageOf(query);
      const { media, total } = await list.ofUser(userNid, page);
      const next = nextOf(page, media.length, total);
      return { media: media.map(mediaAnswer), total, ...(next !== undefined && { next_token: next }) };
    },
  });
