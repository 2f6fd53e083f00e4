import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { slotOf } from '../../src/federation/outbound/slots.ts';

/** By slot of destinations: the name of the process that sends to them. */
export async function sendersOfSlots(db: Database): Promise<Map<number, string>> {
  const rows = await db.all<{ lease: string; process: string }>(sql`select l.name as lease, p.name as process
    from cluster_lease l join cluster_process p on p.nid = l.process_nid where l.name like 'federation-out-%'`);
  return new Map(rows.map(({ lease, process }) => [Number(lease.slice('federation-out-'.length)), process]));
}

/** The process that sends to a server, by number; undefined while nobody does. */
export async function senderTo(db: Database, domainNid: number): Promise<string | undefined> {
  return (await sendersOfSlots(db)).get(slotOf(domainNid));
}

export async function numberOfRoom(db: Database, roomId: string): Promise<number> {
  const row = await db.get<{ nid: number }>(sql`select nid from room where room_id = ${roomId}`);
  if (row === undefined) throw new RangeError(`there is no room ${roomId}`);
  return row.nid;
}
