import type { DestinationList } from '../../../federation/outbound/destination-list.ts';
import { endpoint } from '../../endpoint.ts';
import { destinationAnswer } from './destination-answer.ts';

/** Synapse admin API, "Federation API", "Destination Details". */
export const getDestination = ({ destinations }: { readonly destinations: DestinationList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/federation/destinations/:destination',
    auth: 'admin',
    async handle({ params }) {
      return destinationAnswer(await destinations.get(params.destination));
    },
  });
