import type { DestinationList } from '../../../federation/outbound/destination-list.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Federation API", "Reset connection timeout": a server that fails is tried now. */
export const resetConnection = ({ destinations }: { readonly destinations: DestinationList }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/federation/destinations/:destination/reset_connection',
    auth: 'admin',
    async handle({ params }) {
      await destinations.tryNow(params.destination);
      return {};
    },
  });
