import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Quarantining media by ID": the same bytes under other URIs too. */
export const quarantineMedia = ({ quarantine }: { readonly quarantine: Quarantine }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/media/quarantine/:serverName/:mediaId',
    auth: 'admin',
    async handle({ user, params }) {
      await quarantine.set(params.serverName, params.mediaId, true, user.userNid);
      return {};
    },
  });
