import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** What an address is proved for: to be added to an account, or to set a new password for the account that has it. */
export type ValidationPurpose = 'add' | 'reset';

export interface ValidationRow {
  readonly sid: string;
  readonly purpose: ValidationPurpose;
  readonly client_secret: Uint8Array;
  readonly address: string;
  readonly send_attempt: number;
  readonly token: Uint8Array | null;
  readonly next_link: string | null;
  readonly validated_ts: number | null;
  readonly expires_ts: number;
}

const COLUMNS = sql`sid, purpose, client_secret, address, send_attempt, token, next_link, validated_ts, expires_ts`;

/** What a client has asked for before. */
export function askedValidation(
  db: Queryable,
  asked: Pick<ValidationRow, 'client_secret' | 'purpose' | 'address'>,
  now: number,
): Promise<ValidationRow | undefined> {
  return db.get<ValidationRow>(sql`select ${COLUMNS} from mail_validation
    where client_secret = ${asked.client_secret} and purpose = ${asked.purpose} and address = ${asked.address}
      and expires_ts > ${now}`);
}

export function findValidation(db: Queryable, sid: string, now: number): Promise<ValidationRow | undefined> {
  return db.get<ValidationRow>(sql`select ${COLUMNS} from mail_validation where sid = ${sid} and expires_ts > ${now}`);
}

/** The validation that a mail leads to. */
export function validationOfToken(db: Queryable, token: Uint8Array, now: number): Promise<ValidationRow | undefined> {
  return db.get<ValidationRow>(
    sql`select ${COLUMNS} from mail_validation where token = ${token} and expires_ts > ${now}`,
  );
}

/** Writes what was asked for; a mail that is sent again makes the one before worthless. Answers the session's ID. */
export async function putValidation(tx: Tx, row: Omit<ValidationRow, 'validated_ts'>): Promise<string> {
  const stored = await tx.get<{ sid: string }>(sql`insert into mail_validation
      (sid, purpose, client_secret, address, send_attempt, token, next_link, expires_ts)
    values (${row.sid}, ${row.purpose}, ${row.client_secret}, ${row.address}, ${row.send_attempt}, ${row.token},
      ${row.next_link}, ${row.expires_ts})
    on conflict (client_secret, purpose, address) do update set send_attempt = excluded.send_attempt,
      token = excluded.token, next_link = excluded.next_link, validated_ts = null, expires_ts = excluded.expires_ts
    returning sid`);
  return stored?.sid ?? row.sid;
}

export async function markValidated(tx: Tx, sid: string, now: number): Promise<void> {
  await tx.run(sql`update mail_validation set validated_ts = ${now} where sid = ${sid} and validated_ts is null`);
}

/** False when another request was quicker. */
export async function deleteValidation(tx: Tx, sid: string): Promise<boolean> {
  return (await tx.run(sql`delete from mail_validation where sid = ${sid}`)) === 1;
}

export async function deleteExpiredValidations(tx: Tx, now: number): Promise<void> {
  await tx.run(sql`delete from mail_validation where expires_ts <= ${now}`);
}
