import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';

/** What one server holds of a room, looked at from behind. */
export interface RoomFacts {
  /** The events that its users can see. */
  readonly shown: ReadonlySet<string>;
  /** The forward extremities. */
  readonly heads: readonly string[];
  /** Events that it knows to be missing. */
  readonly holes: readonly string[];
}

export async function roomFacts(db: Database, roomId: string): Promise<RoomFacts> {
  const ids = async (rows: Promise<{ event_id: string }[]>) => (await rows).map(row => row.event_id);
  const room = sql`(select nid from room where room_id = ${roomId})`;
  return {
    shown: new Set(await ids(db.all(sql`select event_id from event where room_nid = ${room} and pos is not null`))),
    heads: await ids(
      db.all(sql`select event_id from event join extremity on event_nid = nid
        where extremity.room_nid = ${room} order by event_id`),
    ),
    holes: await ids(db.all(sql`select event_id from hole where room_nid = ${room} order by event_id`)),
  };
}
