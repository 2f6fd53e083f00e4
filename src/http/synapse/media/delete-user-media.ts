import type { Users } from '../../../accounts/users.ts';
import type { Custody } from '../../../media/custody.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { mediaPageOf } from './media-page.ts';

/** Synapse admin API, "Delete media uploaded by a user": a page of them, the newest first unless asked otherwise. */
export const deleteUserMedia = ({ users, custody }: { readonly users: Users; readonly custody: Custody }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/users/:userId/media',
    auth: 'admin',
    async handle({ params, query }) {
      const { userNid } = await localUser(users, params.userId);
      const deleted = await custody.deleteOfUser(userNid, mediaPageOf(query));
      return { deleted_media: deleted, total: deleted.length };
    },
  });
