import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface ExternalIdentityRow {
  readonly provider: string;
  readonly subject: string;
}

export function externalIdentitiesOf(db: Queryable, userNid: number): Promise<ExternalIdentityRow[]> {
  return db.all<ExternalIdentityRow>(
    sql`select provider, subject from external_identity where user_nid = ${userNid} order by provider, subject`,
  );
}

export async function externalIdentityOwner(
  db: Queryable,
  { provider, subject }: ExternalIdentityRow,
): Promise<number | undefined> {
  const row = await db.get<{ user_nid: number }>(
    sql`select user_nid from external_identity where provider = ${provider} and subject = ${subject}`,
  );
  return row?.user_nid;
}

/** False when the identity is somebody's already. */
export async function insertExternalIdentity(
  tx: Tx,
  { provider, subject }: ExternalIdentityRow,
  userNid: number,
  now: number,
): Promise<boolean> {
  const inserted = await tx.run(sql`insert into external_identity (provider, subject, user_nid, added_ts)
    values (${provider}, ${subject}, ${userNid}, ${now}) on conflict do nothing`);
  return inserted === 1;
}

export async function deleteExternalIdentitiesOf(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from external_identity where user_nid = ${userNid}`);
}
