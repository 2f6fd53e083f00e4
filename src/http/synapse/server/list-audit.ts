import type { Audit } from '../../../administration/audit.ts';
import { endpoint } from '../../endpoint.ts';

const DEFAULT_LIMIT = 100;
const MOST = 1000;

/** Of our own: who changed what by this API, the newest first. `before`: an `id`, for the page behind it. */
export const listAudit = ({ audit }: { readonly audit: Audit }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/audit',
    auth: 'admin',
    async handle({ query }) {
      const max = Number.MAX_SAFE_INTEGER;
      const before = query.integer('before', { fallback: max, max });
      const limit = query.integer('limit', { fallback: DEFAULT_LIMIT, min: 1, max: MOST });
      const entries = await audit.list({ before, limit });
      return { audit: entries.map(({ userId, ...rest }) => ({ ...rest, user_id: userId })) };
    },
  });
