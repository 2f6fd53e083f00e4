import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { after, type Moment } from '../process.table.ts';
import { BOARD_LIFE_MS, type Board, type BoardReport } from './board.ts';

interface StoredBoard {
  readonly name: string;
  readonly address: string;
  readonly labels: string;
  readonly facts: string | null;
  readonly processes: string;
  readonly is_cordoned: number;
  readonly joined_ts: number;
  readonly is_alive: number;
}

/** All boards, in the order in which they joined. */
export async function allBoards(db: Queryable, now: Moment): Promise<Board[]> {
  const rows = await db.all<StoredBoard>(sql`select name, address, labels, facts, processes, is_cordoned, joined_ts,
    case when until > ${now} then 1 else 0 end as is_alive from cluster_board order by joined_ts, name`);
  return rows.map(row => ({
    name: row.name,
    address: row.address,
    labels: JSON.parse(row.labels) as string[],
    facts: row.facts === null ? undefined : (JSON.parse(row.facts) as Board['facts']),
    processes: JSON.parse(row.processes) as Board['processes'],
    isCordoned: row.is_cordoned === 1,
    isAlive: row.is_alive === 1,
    joinedTs: row.joined_ts,
  }));
}

/** Of some other boards: those that live first, and those behind this one by name before others, so that each has its own. */
export async function otherAddresses(db: Queryable, name: string, limit: number, now: Moment): Promise<string[]> {
  const rows = await db.all<{ address: string }>(sql`select address from cluster_board where name <> ${name}
    order by case when until > ${now} then 0 else 1 end, case when name > ${name} then 0 else 1 end, name
    limit ${limit}`);
  return rows.map(({ address }) => address);
}

export type NewBoard = Pick<Board, 'name' | 'address' | 'labels'> & { readonly fingerprint: string };

/** A board comes, or comes again with another certificate. */
export async function putBoard(tx: Tx, { name, address, labels, fingerprint }: NewBoard, now: Moment): Promise<void> {
  await tx.run(sql`insert into cluster_board (name, address, labels, processes, fingerprint, joined_ts, until)
    values (${name}, ${address}, ${JSON.stringify(labels)}, '[]', ${fingerprint}, ${now}, ${now})
    on conflict (name) do update set address = excluded.address, labels = excluded.labels,
      fingerprint = excluded.fingerprint`);
}

/** False for a board that is not in the cluster, or comes with the certificate of an earlier life. */
export async function reportBoard(
  tx: Tx,
  { name, fingerprint }: Pick<NewBoard, 'name' | 'fingerprint'>,
  { address, facts, processes }: BoardReport,
  now: Moment,
): Promise<boolean> {
  const told = await tx.run(sql`update cluster_board set address = ${address}, facts = ${JSON.stringify(facts)},
    processes = ${JSON.stringify(processes)}, until = ${after(now, BOARD_LIFE_MS)}
    where name = ${name} and fingerprint = ${fingerprint}`);
  return told === 1;
}

/** What a change of a board asks for; what is left out stays. */
export interface BoardChange {
  readonly isCordoned?: boolean;
  readonly labels?: readonly string[];
}

/** False for a board that is not in the cluster. */
export async function changeBoard(tx: Tx, name: string, { isCordoned, labels }: BoardChange): Promise<boolean> {
  const cordon = isCordoned === undefined ? sql.empty : sql`, is_cordoned = ${isCordoned ? 1 : 0}`;
  const said = labels === undefined ? sql.empty : sql`, labels = ${JSON.stringify(labels)}`;
  return (await tx.run(sql`update cluster_board set name = name ${cordon} ${said} where name = ${name}`)) === 1;
}

/** The board has to join again if it is to come back. False for one that is not in the cluster. */
export async function removeBoard(tx: Tx, name: string): Promise<boolean> {
  await tx.run(sql`delete from cluster_assignment where board = ${name}`);
  return (await tx.run(sql`delete from cluster_board where name = ${name}`)) === 1;
}
