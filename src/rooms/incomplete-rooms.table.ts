import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface IncompleteRow {
  readonly room_nid: number;
  /** Our join, before which the state is that which has to be completed. */
  readonly join_nid: number;
  /** Servers that were in the room then (JSON). */
  readonly servers: string;
  readonly since: number;
  readonly tries: number;
  readonly due: number;
  readonly problem: string | null;
}

export async function addIncomplete(
  tx: Tx,
  room: {
    readonly roomNid: number;
    readonly joinNid: number;
    readonly servers: readonly string[];
    readonly now: number;
  },
): Promise<void> {
  const { roomNid, joinNid, servers, now } = room;
  await tx.run(sql`insert into incomplete_room (room_nid, join_nid, servers, since, due)
    values (${roomNid}, ${joinNid}, ${JSON.stringify(servers)}, ${now}, ${now})
    on conflict (room_nid) do update set join_nid = excluded.join_nid, servers = excluded.servers,
      since = excluded.since, tries = 0, due = excluded.due, problem = null`);
}

/** The join before which a room's state has to be completed; undefined where it is whole. */
export async function incompleteSince(db: Queryable, roomNid: number): Promise<number | undefined> {
  const row = await db.get<{ join_nid: number }>(sql`select join_nid from incomplete_room where room_nid = ${roomNid}`);
  return row?.join_nid;
}

/** Which of some rooms are incomplete. */
export async function incompleteAmong(db: Queryable, roomNids: readonly number[]): Promise<Set<number>> {
  const rows = await db.all<{ room_nid: number }>(
    sql`select room_nid from incomplete_room where room_nid ${sql.in(roomNids)}`,
  );
  return new Set(rows.map(row => row.room_nid));
}

export async function isIncomplete(db: Queryable, roomNid: number): Promise<boolean> {
  return (await db.get(sql`select 1 as found from incomplete_room where room_nid = ${roomNid}`)) !== undefined;
}

export async function incompleteRooms(db: Queryable): Promise<IncompleteRow[]> {
  return db.all<IncompleteRow>(
    sql`select room_nid, join_nid, servers, since, tries, due, problem from incomplete_room order by due`,
  );
}

/** How it stands with a room that is not whole; undefined where it is. */
export async function incompleteRoom(
  db: Queryable,
  roomNid: number,
): Promise<Pick<IncompleteRow, 'since' | 'tries' | 'problem'> | undefined> {
  return db.get<Pick<IncompleteRow, 'since' | 'tries' | 'problem'>>(
    sql`select since, tries, problem from incomplete_room where room_nid = ${roomNid}`,
  );
}

export async function postponeIncomplete(
  tx: Tx,
  roomNid: number,
  { due, problem }: { readonly due: number; readonly problem: string },
): Promise<void> {
  await tx.run(
    sql`update incomplete_room set tries = tries + 1, due = ${due}, problem = ${problem} where room_nid = ${roomNid}`,
  );
}

export async function removeIncomplete(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from incomplete_room where room_nid = ${roomNid}`);
}
