import type { Administration } from '../../../administration/administration.ts';
import { endpoint } from '../../endpoint.ts';
import { requiredTime } from '../required-time.ts';

/** Before this nobody used Matrix: a time in seconds would delete everything. */
const EARLIEST_MS = Date.UTC(2014, 0);

/** Synapse admin API, "Delete local media by date or size". Who goes away before the answer stops it. */
export const deleteOldMedia = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/media/delete',
    alsoAt: ['/_synapse/admin/v1/media/:serverName/delete'],
    auth: 'admin',
    async handle({ query, signal }) {
      const before = requiredTime(query, 'before_ts', EARLIEST_MS);
      const largerThan = query.integer('size_gt', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
      const wish = { before, largerThan, keepPictures: query.boolean('keep_profiles', true) };
      const deleted = await administration.deleteOldMedia(wish, signal);
      return { deleted_media: deleted, total: deleted.length };
    },
  });
