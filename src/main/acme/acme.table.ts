import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface AcmeCertificateRow {
  /** In PEM. */
  readonly chain: string;
  readonly sealed_key: string;
  /** Why there is no newer one. */
  readonly problem: string | null;
}

/** Keeps what the authority is to be answered, and forgets what it will not ask for any more. */
export async function putChallenge(
  tx: Tx,
  {
    token,
    answer,
    now,
    until,
  }: { readonly token: string; readonly answer: string; readonly now: number; readonly until: number },
): Promise<void> {
  await tx.run(sql`delete from acme_challenge where until < ${now}`);
  await tx.run(sql`insert into acme_challenge (token, answer, until) values (${token}, ${answer}, ${until})
    on conflict (token) do update set answer = excluded.answer, until = excluded.until`);
}

export async function dropChallenge(tx: Tx, token: string): Promise<void> {
  await tx.run(sql`delete from acme_challenge where token = ${token}`);
}

export async function challengeAnswer(db: Queryable, token: string): Promise<string | undefined> {
  return (await db.get<{ answer: string }>(sql`select answer from acme_challenge where token = ${token}`))?.answer;
}

export async function findCertificate(db: Queryable): Promise<AcmeCertificateRow | undefined> {
  return db.get<AcmeCertificateRow>(sql`select chain, sealed_key, problem from acme_certificate where one = 1`);
}

/** Gives all processes a certificate, unless they have one. */
export async function offerCertificate(tx: Tx, chain: string, sealedKey: string): Promise<void> {
  await tx.run(sql`insert into acme_certificate (one, chain, sealed_key) values (1, ${chain}, ${sealedKey})
    on conflict do nothing`);
}

/** Gives all processes a new one. */
export async function replaceCertificate(tx: Tx, chain: string, sealedKey: string): Promise<void> {
  await tx.run(sql`insert into acme_certificate (one, chain, sealed_key) values (1, ${chain}, ${sealedKey})
    on conflict (one) do update set chain = excluded.chain, sealed_key = excluded.sealed_key, problem = null`);
}

export async function noteProblem(tx: Tx, problem: string): Promise<void> {
  await tx.run(sql`update acme_certificate set problem = ${problem} where one = 1`);
}
