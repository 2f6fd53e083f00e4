import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface RegistrationTokenRow {
  readonly token: string;
  /** Null: without limit. */
  readonly uses_allowed: number | null;
  readonly pending: number;
  readonly completed: number;
  /** Null: never. */
  readonly expires_ts: number | null;
  readonly created_ts: number;
}

export function registrationTokens(db: Queryable): Promise<RegistrationTokenRow[]> {
  return db.all<RegistrationTokenRow>(sql`select * from registration_token order by created_ts, token`);
}

export function registrationToken(db: Queryable, token: string): Promise<RegistrationTokenRow | undefined> {
  return db.get<RegistrationTokenRow>(sql`select * from registration_token where token = ${token}`);
}

/** False when there is such a token already. */
export async function insertRegistrationToken(
  tx: Tx,
  row: Pick<RegistrationTokenRow, 'token' | 'uses_allowed' | 'expires_ts' | 'created_ts'>,
): Promise<boolean> {
  const inserted = await tx.run(
    sql`insert into registration_token (token, uses_allowed, expires_ts, created_ts)
      values (${row.token}, ${row.uses_allowed}, ${row.expires_ts}, ${row.created_ts}) on conflict do nothing`,
  );
  return inserted === 1;
}

export async function changeRegistrationToken(
  tx: Tx,
  row: Pick<RegistrationTokenRow, 'token' | 'uses_allowed' | 'expires_ts'>,
): Promise<boolean> {
  const changed = await tx.run(
    sql`update registration_token set uses_allowed = ${row.uses_allowed}, expires_ts = ${row.expires_ts}
      where token = ${row.token}`,
  );
  return changed === 1;
}

export async function deleteRegistrationToken(tx: Tx, token: string): Promise<boolean> {
  return (await tx.run(sql`delete from registration_token where token = ${token}`)) === 1;
}

/** Takes one use of a token that is still good for one. */
export async function reserveRegistrationToken(tx: Tx, token: string, now: number): Promise<boolean> {
  const reserved = await tx.run(
    sql`update registration_token set pending = pending + 1 where token = ${token}
      and (uses_allowed is null or pending + completed < uses_allowed) and (expires_ts is null or expires_ts > ${now})`,
  );
  return reserved === 1;
}

/** A reserved use is over: with an account, or without. */
export async function settleRegistrationToken(tx: Tx, token: string, isUsed: boolean): Promise<void> {
  const used = isUsed ? 1 : 0;
  await tx.run(
    sql`update registration_token set completed = completed + ${used},
      pending = case when pending > 0 then pending - 1 else 0 end where token = ${token}`,
  );
}
