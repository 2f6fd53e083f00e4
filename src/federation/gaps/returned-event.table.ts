import type { EventId, ServerName } from '../../core/ids.ts';
import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface ReturnedEvent {
  readonly eventId: EventId;
  /** Who gave it to us. */
  readonly server: ServerName;
  /** When it says that it was made. */
  readonly ts: number;
}

/** More of them tell no more. */
const MOST_KEPT = 1000;

/** Notes an event that was made in the present epoch: of an earlier one some are expected. */
export async function putReturned(tx: Tx, { eventId, server, ts }: ReturnedEvent): Promise<void> {
  await tx.run(sql`insert into returned_event (event_id, server, ts)
    select cast(${eventId} as text), cast(${server} as text), cast(${ts} as bigint) from epoch
    where one = 1 and begun < ${ts} and (select count(*) from returned_event) < ${MOST_KEPT}
    on conflict do nothing`);
}

export interface ReturnedSince {
  readonly begun: number;
  readonly events: number;
  readonly newest: ReturnedEvent | undefined;
}

/** What has come back in this epoch. */
export async function returnedEvents(db: Queryable): Promise<ReturnedSince> {
  const found = await db.get<{ begun: number; events: number }>(
    sql`select begun, (select count(*) from returned_event) as events from epoch where one = 1`,
  );
  const newest = await db.get<ReturnedEvent>(
    sql`select event_id as "eventId", server, ts from returned_event order by ts desc, event_id limit 1`,
  );
  return { begun: found?.begun ?? 0, events: found?.events ?? 0, newest: newest && { ...newest } };
}

/** From now on nothing is given out again that was given out before. */
export async function beginEpoch(tx: Tx, now: number): Promise<void> {
  await tx.run(sql`update epoch set begun = ${now} where one = 1`);
  await tx.run(sql`delete from returned_event`);
}
