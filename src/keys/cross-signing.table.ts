import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The three cross-signing keys (client-server API, "Cross-signing"). */
export type Usage = 'master' | 'self_signing' | 'user_signing';

export interface CrossSigningRow {
  readonly user_nid: number;
  readonly usage: Usage;
  readonly public_key: string;
  readonly json: string;
}

export function crossSigningKeysOf(db: Queryable, userNids: readonly number[]): Promise<CrossSigningRow[]> {
  return db.all<CrossSigningRow>(
    sql`select user_nid, usage, public_key, json from cross_signing_key where user_nid ${sql.in(userNids)}`,
  );
}

export async function putCrossSigningKey(tx: Tx, row: CrossSigningRow): Promise<void> {
  await tx.run(sql`insert into cross_signing_key (user_nid, usage, public_key, json)
    values (${row.user_nid}, ${row.usage}, ${row.public_key}, ${row.json})
    on conflict (user_nid, usage) do update set public_key = excluded.public_key, json = excluded.json`);
}

/** Removes a key with all signatures that it made and that were made over it. */
export async function dropCrossSigningKey(tx: Tx, row: CrossSigningRow): Promise<void> {
  await tx.run(sql`delete from cross_signing_key where user_nid = ${row.user_nid} and usage = ${row.usage}`);
  await tx.run(sql`delete from key_signature
    where signer_nid = ${row.user_nid} and signer_key = ${`ed25519:${row.public_key}`}`);
  await tx.run(sql`delete from key_signature where user_nid = ${row.user_nid} and target = ${row.public_key}`);
}

export interface SignatureRow {
  /** Whose key is signed. */
  readonly user_nid: number;
  /** A device ID or a public master key. */
  readonly target: string;
  readonly signer_nid: number;
  /** `ed25519:NAME`. */
  readonly signer_key: string;
  readonly signature: string;
}

/** Signatures over keys of the users that were made by the users themselves or by `viewerNid`. */
export function visibleSignatures(
  db: Queryable,
  userNids: readonly number[],
  viewerNid: number | undefined,
): Promise<SignatureRow[]> {
  return db.all<SignatureRow>(sql`select user_nid, target, signer_nid, signer_key, signature from key_signature
    where user_nid ${sql.in(userNids)} and (signer_nid = user_nid or signer_nid = ${viewerNid ?? -1})`);
}

/** Stores signatures; returns how many of them are new. */
export async function putSignatures(tx: Tx, rows: readonly SignatureRow[]): Promise<number> {
  let changed = 0;
  for (const row of rows) {
    changed += await tx.run(sql`insert into key_signature (user_nid, target, signer_nid, signer_key, signature)
      values (${row.user_nid}, ${row.target}, ${row.signer_nid}, ${row.signer_key}, ${row.signature})
      on conflict (user_nid, target, signer_nid, signer_key) do update set signature = excluded.signature
      where key_signature.signature <> excluded.signature`);
  }
  return changed;
}

/** Removes the signatures over a user's devices and those that the devices made over the user's master key. */
export async function dropDeviceSignatures(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  const keys = deviceIds.map(deviceId => `ed25519:${deviceId}`);
  await tx.run(sql`delete from key_signature where user_nid = ${userNid} and target ${sql.in(deviceIds)}`);
  await tx.run(sql`delete from key_signature where signer_nid = ${userNid} and signer_key ${sql.in(keys)}`);
}
