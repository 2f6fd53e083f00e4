import type { RoomId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** A room in the list of one user: what it is sorted and chosen by. */
export interface UserRoomRow {
  readonly room_nid: number;
  readonly user_nid: number;
  readonly room_id: RoomId;
  readonly shard: number;
  readonly membership: number;
  /** The membership event, its position in the room's log, who sent it, and the one in whose place it came. */
  readonly event_nid: number;
  readonly pos: number;
  readonly sender_nid: number;
  readonly replaces_nid: number | null;
  /** The newest event of the room. Numbers grow in the order in which events come in, over all rooms. */
  readonly newest_nid: number | null;
  readonly forgotten: number;
  readonly joined_count: number;
  readonly room_type: string | null;
  readonly encryption: string | null;
  /** 0: the room's state was never here. */
  readonly has_state: number;
}

const SELECT = sql`select m.room_nid, m.user_nid, r.room_id, r.shard, m.membership, m.event_nid, m.pos, m.forgotten, own.sender_nid,
    own.replaces_nid, r.joined_count, f.room_type, f.encryption,
    case when r.state_root <> 0 then 1 else 0 end as has_state,
    (select e.nid from event e where e.room_nid = m.room_nid and e.pos is not null order by e.pos desc limit 1)
      as newest_nid
  from room_member m join room r on r.nid = m.room_nid join event own on own.nid = m.event_nid
  left join room_facts f on f.room_nid = m.room_nid`;

/** The rooms that a user is or was in, or is asked into. `among`: only of these. */
export function userRooms(db: Queryable, userNid: number, among?: readonly number[]): Promise<UserRoomRow[]> {
  const condition: Sql = among === undefined ? sql.empty : sql`and m.room_nid ${sql.in(among)}`;
  return db.all<UserRoomRow>(sql`${SELECT} where m.user_nid = ${userNid} ${condition}`);
}
