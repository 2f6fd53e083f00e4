import { mutualRooms } from '../../../rooms/mutual-rooms.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

const PAGE = 100;

/** getMutualRooms: the rooms shared with another user. The older path has other words for pages. */
export const getMutualRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/mutual_rooms',
    alsoAt: ['/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms'],
    auth: 'user',
    limit: 'other',
    async handle({ user, query }) {
      const from = query.get('from') ?? query.get('batch_token');
      const asked = { other: query.required('user_id'), from, limit: PAGE };
      const page = await mutualRooms(rooms, rooms.db, user, asked);
      const next = page.next === undefined ? {} : { next_batch: page.next, next_batch_token: page.next };
      return { joined: page.rooms, count: page.count, ...next };
    },
  });
