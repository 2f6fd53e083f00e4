import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface AuthStageRow {
  readonly session: string;
  readonly stage: string;
  readonly detail: string | null;
}

export function stagesOf(db: Queryable, session: string): Promise<AuthStageRow[]> {
  return db.all<AuthStageRow>(sql`select session, stage, detail from auth_stage where session = ${session}`);
}

/** False when the session has the stage already. */
export async function insertStage(tx: Tx, row: AuthStageRow, expiresTs: number): Promise<boolean> {
  const inserted = await tx.run(
    sql`insert into auth_stage (session, stage, detail, expires_ts)
      values (${row.session}, ${row.stage}, ${row.detail}, ${expiresTs}) on conflict do nothing`,
  );
  return inserted === 1;
}

export function takeStages(tx: Tx, session: string): Promise<AuthStageRow[]> {
  return tx.all<AuthStageRow>(sql`delete from auth_stage where session = ${session} returning session, stage, detail`);
}

export function takeExpiredStages(tx: Tx, now: number): Promise<AuthStageRow[]> {
  return tx.all<AuthStageRow>(sql`delete from auth_stage where expires_ts <= ${now} returning session, stage, detail`);
}
