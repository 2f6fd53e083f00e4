import type { Administration } from '../../../administration/administration.ts';
import type { ServerName } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { type Endpoint, endpoint } from '../../endpoint.ts';
import { EARLIEST_MS, requiredTime } from '../required-time.ts';

interface Parts {
  readonly administration: Administration;
  readonly serverName: ServerName;
}

/** Synapse admin API, "Delete local media by date or size". Who goes away before the answer stops it. */
export const deleteOldMedia = (parts: Parts): Endpoint => deletion(parts, '/_synapse/admin/v1/media/delete');

/** The same as it was called once: with the name of this server, as nothing else can be deleted so. */
export const deleteOldMediaOf = (parts: Parts): Endpoint =>
  deletion(parts, '/_synapse/admin/v1/media/:serverName/delete');

function deletion({ administration, serverName }: Parts, path: string): Endpoint {
  return endpoint({
    method: 'POST',
    path,
    auth: 'admin',
    async handle({ params, query, signal }) {
      const { serverName: named = serverName } = params as { readonly serverName?: string };
      if (named !== serverName) throw invalidParam('Only media of this server can be deleted by age.');
      const before = requiredTime(query, 'before_ts', EARLIEST_MS);
      const largerThan = query.integer('size_gt', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
      const wish = { before, largerThan, keepPictures: query.boolean('keep_profiles', true) };
      const deleted = await administration.deleteOldMedia(wish, signal);
      return { deleted_media: deleted, total: deleted.length };
    },
  });
}
