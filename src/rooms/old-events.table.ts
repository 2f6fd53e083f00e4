import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface OldEventRow {
  readonly nid: number;
  readonly event_id: EventId;
  readonly pos: number;
  readonly state_key_nid: number | null;
  /** The sender's server. */
  readonly domain_nid: number;
  /** It is one of the room's forward extremities. */
  readonly is_standing: number;
}

/** Events of a room's timeline between two positions, oldest first. */
export function oldEvents(
  db: Queryable,
  roomNid: number,
  { after, below, limit }: { readonly after: number; readonly below: number; readonly limit: number },
): Promise<OldEventRow[]> {
  return db.all<OldEventRow>(sql`select e.nid, e.event_id, e.pos, e.state_key_nid, u.domain_nid,
      (select count(*) from extremity x where x.room_nid = e.room_nid and x.event_nid = e.nid) as is_standing
    from event e join user_name u on u.nid = e.sender_nid
    where e.room_nid = ${roomNid} and e.pos > ${after} and e.pos < ${below} order by e.pos limit ${limit}`);
}

/** What other tables say of some events that go: what relates to them, what redacted them, whom they notified. */
export async function deleteTracesOf(
  tx: Tx,
  { roomNid, ownDomainNid }: { readonly roomNid: number; readonly ownDomainNid: number },
  rows: readonly OldEventRow[],
): Promise<void> {
  const ids = rows.map(row => row.event_id);
  const positions = rows.map(row => row.pos);
  await tx.run(sql`delete from relation where room_nid = ${roomNid} and target ${sql.in(ids)}`);
  await tx.run(sql`delete from redaction where room_nid = ${roomNid} and redacts ${sql.in(ids)}`);
  await tx.run(sql`delete from room_log where room_nid = ${roomNid} and kind = 0 and pos ${sql.in(positions)}`);
  await tx.run(sql`delete from notification where room_nid = ${roomNid} and pos ${sql.in(positions)}
    and user_nid in (select user_nid from room_member where room_nid = ${roomNid} and domain_nid = ${ownDomainNid})`);
}
