import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** Something that a server cannot take. */
export interface SetAside {
  readonly domainNid: number;
  readonly ts: number;
  /** `event`, or the type of the EDU. */
  readonly kind: string;
  readonly roomNid: number | null;
  readonly eventId: string | null;
  readonly reason: string;
  /** The content of an EDU; events are in their table. */
  readonly json: string | null;
}

const MOST_KEPT = 1000;

export async function setAside(tx: Tx, item: SetAside): Promise<void> {
  await tx.run(sql`insert into outbound_set_aside (domain_nid, ts, kind, room_nid, event_id, reason, json)
    values (${item.domainNid}, ${item.ts}, ${item.kind}, ${item.roomNid}, ${item.eventId}, ${item.reason}, ${item.json})`);
  await tx.run(sql`delete from outbound_set_aside
    where nid <= (select max(nid) from outbound_set_aside) - ${MOST_KEPT}`);
}

export async function countSetAside(db: Queryable): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from outbound_set_aside`))?.n ?? 0;
}
