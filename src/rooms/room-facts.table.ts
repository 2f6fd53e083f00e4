import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** What a list of rooms shows of a room's state. */
export interface RoomFacts {
  readonly name: string | null;
  readonly alias: string | null;
  readonly creator: string | null;
  readonly room_type: string | null;
  /** The algorithm. */
  readonly encryption: string | null;
  readonly join_rule: string | null;
  readonly guest_access: string | null;
  readonly history_visibility: string | null;
  readonly federatable: number;
}

const COLUMNS: Readonly<Record<keyof RoomFacts, Sql>> = {
  name: sql`name`,
  alias: sql`alias`,
  creator: sql`creator`,
  room_type: sql`room_type`,
  encryption: sql`encryption`,
  join_rule: sql`join_rule`,
  guest_access: sql`guest_access`,
  history_visibility: sql`history_visibility`,
  federatable: sql`federatable`,
};

/** Writes some of a room's facts; the others stay. */
export async function writeRoomFacts(tx: Tx, roomNid: number, facts: Partial<RoomFacts>): Promise<void> {
  const names = Object.keys(facts) as (keyof RoomFacts)[];
  const columns = listed(names.map(name => COLUMNS[name]));
  const values = listed(names.map(name => sql`${facts[name] ?? null}`));
  const updates = listed(names.map(name => sql`${COLUMNS[name]} = excluded.${COLUMNS[name]}`));
  await tx.run(sql`insert into room_facts (room_nid, ${columns}) values (${roomNid}, ${values})
    on conflict (room_nid) do update set ${updates}`);
}

function listed(fragments: readonly Sql[]): Sql {
  return fragments.reduce((list, next) => sql`${list}, ${next}`);
}

/** Rooms with a state that have no facts yet. */
export function roomsWithoutFacts(db: Queryable, limit: number): Promise<{ nid: number; state_root: number }[]> {
  return db.all(sql`select nid, state_root from room where state_root <> 0
    and not exists (select 1 from room_facts f where f.room_nid = room.nid) order by nid limit ${limit}`);
}
