import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { type Sql, sql } from '../../src/db/sql.ts';

/** What one server holds of a room, looked at from behind. */
export interface RoomFacts {
  /** The events that its users can see. */
  readonly shown: ReadonlySet<string>;
  /** The forward extremities. */
  readonly heads: readonly string[];
  /** Events that it knows to be missing. */
  readonly holes: readonly string[];
  /** Of the events that its users can see, those whose content was taken away. */
  readonly redacted: ReadonlySet<string>;
  /** By user what they have read last. */
  readonly receipts: ReadonlyMap<string, string>;
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
    redacted: new Set(
      await ids(db.all(sql`select event_id from event where room_nid = ${room} and pos is not null and flags & 8 = 8`)),
    ),
    receipts: await receipts(db, room),
  };
}

async function receipts(db: Database, room: Sql): Promise<Map<string, string>> {
  const rows = await db.all<{ user_id: string; event_id: string }>(sql`select user_id, event_id from receipt
    join user_name on nid = user_nid where room_nid = ${room} and receipt_type = 'm.read'`);
  return new Map(rows.map(row => [row.user_id, row.event_id]));
}

/** The newest event that a server shows in a room, and the room's version. */
export async function newestEvent(
  db: Database,
  roomId: string,
): Promise<{ readonly event: JsonObject; readonly version: string } | undefined> {
  const row = await db.get<{ json: string; version: string }>(sql`select json, version from event
    join room on room.nid = room_nid where room_id = ${roomId} and pos is not null order by pos desc limit 1`);
  return row && { event: JSON.parse(row.json) as JsonObject, version: row.version };
}

/** What still waits to be sent or taken in, or was set aside: empty when all is done. */
export async function unfinished(db: Database): Promise<string[]> {
  const counts = await db.get<Record<string, number>>(sql`select
    (select count(*) from outbound_room) as "ranges to send", (select count(*) from outbound_edu) as "EDUs to send",
    (select count(*) from inbox) as "events to take in", (select count(*) from outbound_set_aside) as "items set aside"`);
  return Object.entries(counts ?? {}).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
}
