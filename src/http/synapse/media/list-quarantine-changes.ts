import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Listing quarantined media changes", a hundred at a time, the oldest first. */
export const listQuarantineChanges = ({ quarantine }: { readonly quarantine: Quarantine }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/media/quarantine_changes',
    auth: 'admin',
    async handle({ query }) {
      const from = query.integer('from', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
      const found = await quarantine.changes(from);
      const changes = found.map(({ origin, media_id, quarantined }) => ({
        origin,
        media_id,
        quarantined: quarantined === 1,
      }));
      return { next_batch: found.at(-1)?.nid ?? from, changes };
    },
  });
