import type { MediaList } from '../../../media/media-list.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Query a piece of media by ID", of another server where it is cached here. */
export const getMedia = ({ list }: { readonly list: MediaList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/media/:serverName/:mediaId',
    auth: 'admin',
    async handle({ params }) {
      const media = await list.one(params.serverName, params.mediaId);
      return {
        media_info: {
          media_origin: media.origin,
          user_id: media.owner,
          media_id: media.media_id,
          media_type: media.content_type,
          media_length: media.size,
          upload_name: media.file_name,
          created_ts: media.created,
          filesystem_id: media.file_id,
          url_cache: null,
          last_access_ts: media.last_access,
          quarantined_by: media.quarantined_by,
          authenticated: true,
          safe_from_quarantine: media.protected === 1,
          sha256: media.sha256 === null ? null : Buffer.from(media.sha256).toString('hex'),
        },
      };
    },
  });
