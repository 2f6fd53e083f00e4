import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Unprotecting media from being quarantined". */
export const unprotectMedia = ({ quarantine }: { readonly quarantine: Quarantine }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/media/unprotect/:mediaId',
    auth: 'admin',
    async handle({ params }) {
      await quarantine.protect(params.mediaId, false);
      return {};
    },
  });
