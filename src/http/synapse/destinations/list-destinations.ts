import { DESTINATION_ORDERS, type DestinationList } from '../../../federation/outbound/destination-list.ts';
import { endpoint } from '../../endpoint.ts';
import { nextOf, pagingOf } from '../paging.ts';
import { destinationAnswer } from './destination-answer.ts';

/** An order that means nothing here; Synapse's tools have a column for it. */
const WORDS = [...DESTINATION_ORDERS, 'last_successful_stream_ordering'] as const;

/** Synapse admin API, "Federation API", "List of destinations". */
export const listDestinations = ({ destinations }: { readonly destinations: DestinationList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/federation/destinations',
    auth: 'admin',
    async handle({ query }) {
      const paging = pagingOf(query);
      const order = query.choice('order_by', WORDS, 'destination');
      const { rows, total } = await destinations.list({
        ...paging,
        search: query.get('destination') || undefined,
        order: order === 'last_successful_stream_ordering' ? 'destination' : order,
        backward: query.choice('dir', ['f', 'b'], 'f') === 'b',
      });
      const next = nextOf(paging, rows.length, total);
      return {
        destinations: rows.map(destinationAnswer),
        total,
        ...(next !== undefined && { next_token: String(next) }),
      };
    },
  });
