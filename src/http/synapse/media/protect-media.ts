import type { Quarantine } from '../../../media/quarantine.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Protecting media from being quarantined". */
export const protectMedia = ({ quarantine }: { readonly quarantine: Quarantine }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/media/protect/:mediaId',
    auth: 'admin',
    async handle({ params }) {
      await quarantine.protect(params.mediaId, true);
      return {};
    },
  });
