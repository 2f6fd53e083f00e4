import type { RoomsParts } from '../../../rooms/parts.ts';
import { ROOM_ORDERS, type RoomOrder, roomList } from '../../../rooms/room-list.ts';
import { endpoint } from '../../endpoint.ts';
import type { Query } from '../../query.ts';
import { nextOf, pagingOf } from '../paging.ts';
import { roomAnswer } from './room-answer.ts';

/** Old words for orders. */
const SYNONYMS = { alphabetical: 'name', size: 'joined_members' } as const;
const WORDS = [...ROOM_ORDERS, 'alphabetical', 'size'] as const;

/** Synapse admin API, "List Room API". */
export const listRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms',
    auth: 'admin',
    async handle({ query }) {
      const paging = pagingOf(query);
      const found = await roomList(rooms, rooms.db, {
        filter: {
          search: query.get('search_term') || undefined,
          isPublic: flag(query, 'public_rooms'),
          isEmpty: flag(query, 'empty_rooms'),
        },
        order: orderOf(query),
        backward: query.choice('dir', ['f', 'b'], 'f') === 'b',
        ...paging,
      });
      const next = nextOf(paging, found.rooms.length, found.total);
      return {
        rooms: found.rooms.map(roomAnswer),
        offset: paging.from,
        total_rooms: found.total,
        ...(next !== undefined && { next_batch: next }),
        ...(paging.from > 0 && { prev_batch: Math.max(0, paging.from - paging.limit) }),
      };
    },
  });

function orderOf(query: Query): RoomOrder {
  const word = query.choice('order_by', WORDS, 'name');
  return word === 'alphabetical' || word === 'size' ? SYNONYMS[word] : word;
}

function flag(query: Query, name: string): boolean | undefined {
  return query.get(name) === undefined ? undefined : query.boolean(name);
}
