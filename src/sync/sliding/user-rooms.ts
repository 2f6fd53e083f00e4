import { ByteCache } from '../../base/byte-cache.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { type Membership, membershipName } from '../../rooms/room.ts';
import { type UserRoomRow, userRooms } from '../../rooms/user-rooms.table.ts';
import type { LogView } from '../log-view.ts';

/** A room in a user's list. */
export interface UserRoom {
  readonly nid: number;
  readonly shard: number;
  readonly row: UserRoomRow;
  readonly membership: Membership;
  /** Grows with what happens: by this the list is sorted. Of who is not in the room, when their membership came. */
  readonly activity: number;
  /** Somebody else ended the user's membership (kicked, banned, took the invite back), who has not forgotten it. */
  readonly isTakenOut: boolean;
}

/** The rooms of a user as they were at a place in the logs, those first where something happened last. */
interface RoomList {
  readonly shards: readonly number[];
  readonly rooms: readonly UserRoom[];
}

/** Measured on rows of the table, rounded up. */
const ROOM_BYTES = 500;
/** So many rooms with news are read again one by one; after more of them the whole list is. */
const MOST_READ_AGAIN = 100;

/**
 * The sorted room lists of users who sync. A list is brought up to date by reading those of its rooms again in whose
 * logs something happened since, which are few: a user of 2,000 rooms costs no more with each message than one of 20.
 */
export class UserRooms {
  readonly #parts: RoomsParts;
  readonly #logs: LogView;
  readonly #lists: ByteCache<RoomList>;

  constructor(parts: RoomsParts, logs: LogView) {
    this.#parts = parts;
    this.#logs = logs;
    this.#lists = new ByteCache({
      name: 'sliding_rooms',
      budget: parts.budget,
      weight: 40,
      sizeOf: list => 200 + ROOM_BYTES * list.rooms.length,
    });
  }

  /** The list at a place in the logs, or a little later: rooms may have moved on since `shards`. */
  async of(userNid: number, shards: readonly number[]): Promise<readonly UserRoom[]> {
    const known = this.#lists.get(String(userNid));
    const list = (known && (await this.#moved(userNid, known, shards))) ?? {
      shards,
      rooms: (await userRooms(this.#parts.db, userNid)).map(userRoom).sort(byActivity),
    };
    if (list !== known) this.#lists.set(String(userNid), list);
    return list.rooms;
  }

  /** Undefined when the whole list is to be read. */
  async #moved(userNid: number, list: RoomList, shards: readonly number[]): Promise<RoomList | undefined> {
    const busy = this.#logs.roomsBetween(list.shards, shards);
    if (busy === undefined || busy.size > MOST_READ_AGAIN) return undefined;
    if (busy.size === 0) return list;
    const rows = await userRooms(this.#parts.db, userNid, [...busy]);
    const others = list.rooms.filter(({ nid }) => !busy.has(nid));
    const isSame = rows.length === 0 && others.length === list.rooms.length;
    const rooms = isSame ? list.rooms : [...rows.map(userRoom), ...others].sort(byActivity);
    return { shards, rooms };
  }
}

function byActivity(one: UserRoom, other: UserRoom): number {
  return other.activity - one.activity;
}

function userRoom(row: UserRoomRow): UserRoom {
  const membership = membershipName(row.membership);
  const isOut = membership === 'leave' || membership === 'ban';
  return {
    nid: row.room_nid,
    shard: row.shard,
    row,
    membership,
    activity: membership === 'join' ? (row.newest_nid ?? row.event_nid) : row.event_nid,
    // Who is banned from a room that they never had to do with need not hear of it.
    isTakenOut:
      isOut &&
      row.forgotten === 0 &&
      row.replaces_nid !== null &&
      (membership === 'ban' || row.sender_nid !== row.user_nid),
  };
}
