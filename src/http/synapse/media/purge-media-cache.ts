import type { Custody } from '../../../media/custody.ts';
import { endpoint } from '../../endpoint.ts';
import { EARLIEST_MS, requiredTime } from '../required-time.ts';

/** Synapse admin API, "Purge Remote Media API": copies of other servers' files that nobody has used for long. */
export const purgeMediaCache = ({ custody }: { readonly custody: Custody }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/purge_media_cache',
    auth: 'admin',
    async handle({ query, signal }) {
      const wanted = { isOther: true, before: requiredTime(query, 'before_ts', EARLIEST_MS), largerThan: -1 };
      const deleted = await custody.deleteOld(wanted, () => false, signal);
      return { deleted: deleted.length };
    },
  });
