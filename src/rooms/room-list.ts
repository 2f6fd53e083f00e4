import type { Queryable } from '../db/database.ts';
import { joinedOfDomain } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import {
  ROOM_ORDERS as COLUMN_ORDERS,
  type RoomOrder as ColumnOrder,
  countRooms,
  isRememberedBy,
  type ListedRoomRow,
  listedRoom,
  listRooms,
  type RoomFilter,
} from './room-list.table.ts';
import { roomHead } from './rooms.table.ts';

/** `state_events` is told by the state trees, the others by tables. */
export const ROOM_ORDERS = [...COLUMN_ORDERS, 'state_events'] as const;
export type RoomOrder = ColumnOrder | 'state_events';

export interface RoomListQuery {
  readonly filter: RoomFilter;
  readonly order: RoomOrder;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

/** A room as administrators see it in a list. */
export interface ListedRoom extends ListedRoomRow {
  /** How many state events are in force. */
  readonly stateEvents: number;
}

/** A list that is sorted by the sizes of states looks at so many rooms: those with the most members. */
const MOST_COUNTED = 10_000;

/** A page of the rooms that fit, and how many fit in all. */
export async function roomList(
  parts: RoomsParts,
  db: Queryable,
  query: RoomListQuery,
): Promise<{ readonly rooms: readonly ListedRoom[]; readonly total: number }> {
  const total = await countRooms(db, query.filter);
  const domainNid = await ownDomain(parts, db);
  if (query.order === 'state_events') return { rooms: await byStateEvents(parts, db, domainNid, query), total };
  const rows = await listRooms(db, domainNid, query.filter, { ...query, order: query.order });
  return { rooms: await withStateEvents(parts, db, rows), total };
}

async function byStateEvents(
  parts: RoomsParts,
  db: Queryable,
  domainNid: number,
  { filter, backward, from, limit }: RoomListQuery,
): Promise<ListedRoom[]> {
  const all = { order: 'joined_members', backward: false, from: 0, limit: MOST_COUNTED } as const;
  const rooms = await withStateEvents(parts, db, await listRooms(db, domainNid, filter, all));
  const sign = backward ? 1 : -1;
  rooms.sort((a, b) => sign * (a.stateEvents - b.stateEvents) || (a.room_id < b.room_id ? -1 : 1));
  return rooms.slice(from, from + limit);
}

async function withStateEvents(
  parts: RoomsParts,
  db: Queryable,
  rows: readonly ListedRoomRow[],
): Promise<ListedRoom[]> {
  const rooms: ListedRoom[] = [];
  for (const row of rows) rooms.push({ ...row, stateEvents: await parts.trees.count(db, row.nid, row.state_root) });
  return rooms;
}

/** Other servers than ours have numbers above 0. */
async function ownDomain(parts: RoomsParts, db: Queryable): Promise<number> {
  return (await parts.nids.domains.findOne(db, parts.serverName)) ?? 0;
}

/** What details of a room show beside the list. */
export interface RoomDetails extends ListedRoom {
  readonly topic: string | undefined;
  readonly avatar: string | undefined;
  /** The users of this server that are joined, by number. */
  readonly localUsers: readonly number[];
  /** No local user is in it, or remembers it. */
  readonly isForgotten: boolean;
  readonly isReplaced: boolean;
  readonly replacement: string | undefined;
}

/** Undefined where the room went away meanwhile. */
export async function roomDetails(parts: RoomsParts, db: Queryable, room: Room): Promise<RoomDetails | undefined> {
  const domainNid = await ownDomain(parts, db);
  const row = await listedRoom(db, domainNid, room.nid);
  if (row === undefined) return undefined;
  const [listed] = await withStateEvents(parts, db, [row]);
  const event = (type: string) => parts.state.event(db, room, row.state_root, type);
  const text = async (type: string, key: string) => {
    const value = (await event(type))?.content[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    ...listed!,
    topic: await text('m.room.topic', 'topic'),
    avatar: await text('m.room.avatar', 'url'),
    localUsers: (await joinedOfDomain(db, room.nid, domainNid)).map(member => member.user_nid),
    isForgotten: !(await isRememberedBy(db, room.nid, domainNid)),
    isReplaced: (await event('m.room.tombstone')) !== undefined,
    replacement: await text('m.room.tombstone', 'replacement_room'),
  };
}

/** How many users are joined to a room. */
export async function joinedCount(db: Queryable, room: Room): Promise<number> {
  return (await roomHead(db, room.nid)).joined_count;
}
