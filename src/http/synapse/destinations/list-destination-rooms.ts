import type { DestinationList } from '../../../federation/outbound/destination-list.ts';
import { endpoint } from '../../endpoint.ts';
import { nextOf, pagingOf } from '../paging.ts';

/** Synapse admin API, "Federation API", "Destination Rooms". Its stream positions have no counterpart here. */
export const listDestinationRooms = ({ destinations }: { readonly destinations: DestinationList }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/federation/destinations/:destination/rooms',
    auth: 'admin',
    async handle({ params, query }) {
      const paging = pagingOf(query);
      const backward = query.choice('dir', ['f', 'b'], 'f') === 'b';
      const { roomIds, total } = await destinations.rooms(params.destination, { ...paging, backward });
      const next = nextOf(paging, roomIds.length, total);
      return {
        rooms: roomIds.map(id => ({ room_id: id, stream_ordering: null })),
        total,
        ...(next !== undefined && { next_token: String(next) }),
      };
    },
  });
