import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Remove media from quarantine by ID": the same bytes under other URIs too. */
export const unquarantineMedia = ({ quarantine }: { readonly quarantine: Quarantine }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/media/unquarantine/:serverName/:mediaId',
    auth: 'admin',
    async handle({ user, params }) {
      await quarantine.set(params.serverName, params.mediaId, false, user.userNid);
      return {};
    },
  });
