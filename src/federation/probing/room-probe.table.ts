import type { Queryable, Tx } from '../../db/database.ts';
import { isDue } from '../../db/due.ts';
import { sql } from '../../db/sql.ts';

/** The longest time between two probes of a room. */
export const LONGEST_WAIT_MS = 6 * 60 * 60_000;

export interface RoomProbeRow {
  readonly room_nid: number;
  /** Milliseconds to the next probe after this one, where it finds nothing new. */
  readonly wait: number;
  /** Counts the servers that were asked in turn. */
  readonly turn: number;
  /** The position of the room's newest event when it was probed last. */
  readonly newest: number;
}

/** Makes rows for the rooms that a server shares with others and that have none. */
export async function enrolRooms(tx: Tx, ownDomainNid: number, due: number, wait: number): Promise<void> {
  await tx.run(sql`insert into room_probe (room_nid, due, wait, turn, newest)
    select ours.room_nid, ${due}, ${wait}, 0, 0 from room_domain ours
    where ours.domain_nid = ${ownDomainNid} and ours.joined > 0
      and exists (select 1 from room_domain theirs
        where theirs.room_nid = ours.room_nid and theirs.domain_nid <> ours.domain_nid and theirs.joined > 0)
      and not exists (select 1 from room_probe known where known.room_nid = ours.room_nid)
    on conflict do nothing`);
}

/** All rooms are due now, as if they were new. */
export async function makeAllDue(tx: Tx, due: number, wait: number): Promise<void> {
  await tx.run(sql`update room_probe set due = ${due}, wait = ${wait}`);
}

export async function dueProbes(db: Queryable, now: number, limit: number): Promise<RoomProbeRow[]> {
  return db.all<RoomProbeRow>(sql`select room_nid, wait, turn, newest from room_probe
    where ${isDue(now, LONGEST_WAIT_MS)} order by due, room_nid limit ${limit}`);
}

export async function nextProbe(db: Queryable): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>(sql`select min(due) as due from room_probe`);
  return row?.due ?? undefined;
}

export async function updateProbe(tx: Tx, row: RoomProbeRow & { readonly due: number }): Promise<void> {
  await tx.run(sql`update room_probe set due = ${row.due}, wait = ${row.wait}, turn = ${row.turn},
    newest = ${row.newest} where room_nid = ${row.room_nid}`);
}

/** Forgets a room: it is gone, or shared with nobody any more. */
export async function forgetProbes(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from room_probe where room_nid = ${roomNid}`);
  await tx.run(sql`delete from probe_refusal where room_nid = ${roomNid}`);
}

export async function recordRefusal(
  tx: Tx,
  roomNid: number,
  domainNid: number,
  { ts, reason }: { readonly ts: number; readonly reason: string },
): Promise<void> {
  await tx.run(sql`insert into probe_refusal (room_nid, domain_nid, ts, reason)
    values (${roomNid}, ${domainNid}, ${ts}, ${reason})
    on conflict (room_nid, domain_nid) do update set ts = excluded.ts, reason = excluded.reason`);
}

export async function forgetRefusal(tx: Tx, roomNid: number, domainNid: number): Promise<void> {
  await tx.run(sql`delete from probe_refusal where room_nid = ${roomNid} and domain_nid = ${domainNid}`);
}

/** The servers that have refused since a time. */
export async function refusalsSince(db: Queryable, roomNid: number, ts: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(
    sql`select domain_nid from probe_refusal where room_nid = ${roomNid} and ts > ${ts}`,
  );
  return rows.map(row => row.domain_nid);
}
