import type { Custody } from '../../../media/custody.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Delete a specific local media"; the copy of another server's file too. */
export const deleteMedia = ({ custody }: { readonly custody: Custody }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/media/:serverName/:mediaId',
    auth: 'admin',
    async handle({ params: { serverName, mediaId } }) {
      await custody.delete(serverName, mediaId);
      return { deleted_media: [mediaId], total: 1 };
    },
  });
