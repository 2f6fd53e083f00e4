import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export async function addRedaction(tx: Tx, roomNid: number, redacts: EventId, eventNid: number): Promise<void> {
  await tx.run(sql`insert into redaction (room_nid, redacts, event_nid) values (${roomNid}, ${redacts}, ${eventNid})
    on conflict do nothing`);
}

/** The redactions that name some events of a room, oldest first. */
export async function redactionsOf(
  db: Queryable,
  roomNid: number,
  ids: readonly EventId[],
): Promise<{ redacts: EventId; event_nid: number }[]> {
  return db.all<{ redacts: EventId; event_nid: number }>(sql`select redacts, event_nid from redaction
    where room_nid = ${roomNid} and redacts ${sql.in(ids)} order by event_nid`);
}
