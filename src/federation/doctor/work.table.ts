import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { OWN } from '../../rooms/room.ts';
import { LOG_EVENT } from '../../rooms/room-log.table.ts';
import { SLOTS } from '../outbound/slots.ts';

/** What lies somewhere until a piece of work is done: since when that could have been, and how much there is. */
export interface WaitingWork {
  /** The name of its lease. */
  readonly work: string;
  readonly since: number;
  readonly items: number;
}

type Waited = { readonly since: number | null; readonly items: number };

/** Events of other servers that are due, by the shard where they have waited for longest. */
export async function dueInbox(db: Queryable, now: number): Promise<WaitingWork | undefined> {
  return db.get<WaitingWork>(sql`select 'shard-' || coalesce(room.shard, 0) as work, min(inbox.due) as since,
      count(*) as items
    from inbox left join room on room.nid = inbox.room_nid where inbox.due <= ${now}
    group by coalesce(room.shard, 0) order by since limit 1`);
}

/** What waits for other servers that do not fail, by the slot of destinations where it has waited for longest. */
export async function dueDestinations(db: Queryable): Promise<WaitingWork | undefined> {
  return db.get<WaitingWork>(sql`select 'federation-out-' || (domain_nid % ${SLOTS}) as work, min(since) as since,
      count(*) as items
    from outbound_room where not exists (select 1 from destination d where d.domain_nid = outbound_room.domain_nid
      and d.retry_at is not null)
    group by 1 order by since limit 1`);
}

/** What else is due by a time that stands beside it. */
export async function dueWork(db: Queryable, now: number): Promise<WaitingWork[]> {
  const queues = [
    ['holes', sql`select min(due) as since, count(*) as items from hole where due <= ${now}`],
    ['device-lists', sql`select min(due) as since, count(*) as items from remote_device_server where due <= ${now}`],
    [
      'tasks',
      sql`select min(created_ts) as since, count(*) as items from background_task
        where status = 'scheduled' and not exists (select 1 from background_task other where other.status = 'active')`,
    ],
    [
      'push',
      sql`select min(case when pusher.next_try_at > push_queue.ts then pusher.next_try_at else push_queue.ts end) as since,
        count(*) as items from push_queue join pusher on pusher.nid = push_queue.pusher_nid
        where pusher.next_try_at <= ${now}`,
    ],
  ] as const;
  const found: WaitingWork[] = [];
  for (const [work, query] of queues) {
    const row = await db.get<Waited>(query);
    if (row !== undefined && row.since !== null) found.push({ work, since: row.since, items: row.items });
  }
  return found;
}

/** So many entries that a reader has not come to are looked at. */
const MOST_ENTRIES = 500;

/** Own events that a reader of the logs has not come to, by the oldest: those of others may be of any age. */
export async function unreadOwnEvents(db: Queryable, reader: string): Promise<Waited[]> {
  const late = await db.all<{ shard: number; pos: number }>(sql`select shard.shard,
      coalesce(log_reader.pos, 0) as pos
    from shard left join log_reader on log_reader.shard = shard.shard and log_reader.reader = ${reader}
    where coalesce(log_reader.pos, 0) < shard.pos`);
  const found: Waited[] = [];
  for (const { shard, pos } of late) {
    const row = await db.get<Waited>(sql`select min(event.ts) as since, count(*) as items
      from (select ref from room_log where shard = ${shard} and pos > ${pos} and kind = ${LOG_EVENT}
        order by pos limit ${MOST_ENTRIES}) unread
      join event on event.nid = unread.ref where (event.flags & ${OWN}) <> 0`);
    if (row !== undefined && row.since !== null) found.push(row);
  }
  return found;
}
