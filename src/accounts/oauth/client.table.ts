import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface ClientRow {
  readonly client_id: string;
  readonly metadata: string;
  readonly used_ts: number;
}

export function findClient(db: Queryable, clientId: string): Promise<ClientRow | undefined> {
  return db.get<ClientRow>(sql`select client_id, metadata, used_ts from oauth_client where client_id = ${clientId}`);
}

/** Whether it is new. */
export async function insertClient(tx: Tx, row: ClientRow): Promise<boolean> {
  const inserted = await tx.run(
    sql`insert into oauth_client (client_id, metadata, created_ts, used_ts)
      values (${row.client_id}, ${row.metadata}, ${row.used_ts}, ${row.used_ts}) on conflict do nothing`,
  );
  return inserted === 1;
}

export async function setClientUsed(tx: Tx, clientId: string, ts: number): Promise<void> {
  await tx.run(sql`update oauth_client set used_ts = ${ts} where client_id = ${clientId} and used_ts < ${ts}`);
}

export async function countClients(db: Queryable): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from oauth_client`))?.n ?? 0;
}

/** Deletes the clients that nobody has used for longest and that have no session; how many. */
export function deleteIdleClients(tx: Tx, most: number, usedBefore: number): Promise<number> {
  return tx.run(
    sql`delete from oauth_client where client_id in (
      select c.client_id from oauth_client c where c.used_ts < ${usedBefore}
        and not exists (select 1 from refresh_token t where t.client_id = c.client_id)
      order by c.used_ts limit ${most})`,
  );
}
