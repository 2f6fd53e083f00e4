import type { ServerName } from '../../core/ids.ts';
import type { ServerKey, ServerKeys } from '../../core/server-keys.ts';
import type { Queryable, Tx } from '../../db/database.ts';
import { type SqlScalar, sql } from '../../db/sql.ts';

interface KeyRow {
  readonly server_name: ServerName;
  readonly key_id: string;
  readonly public_key: Uint8Array;
  readonly valid_until: number;
  readonly expired_ts: number | null;
}

/** The keys known of each of these servers; those without any are missing. */
export async function keysOfServers(
  db: Queryable,
  servers: readonly ServerName[],
): Promise<Map<ServerName, Map<string, ServerKey>>> {
  const rows = await db.all<KeyRow>(
    sql`select server_name, key_id, public_key, valid_until, expired_ts from server_key
      where server_name ${sql.in(servers)}`,
  );
  const found = new Map<ServerName, Map<string, ServerKey>>();
  for (const { server_name: server, key_id, public_key, valid_until, expired_ts } of rows) {
    const keys = found.get(server) ?? new Map<string, ServerKey>();
    found.set(server, keys);
    const key = { publicKey: public_key, validUntilTs: expired_ts ?? valid_until, current: expired_ts === null };
    keys.set(key_id, key);
  }
  return found;
}

/** Writes keys of a server. One whose ID is there with another key is left as it is. */
export async function upsertKeys(tx: Tx, server: ServerName, keys: ServerKeys, now: number): Promise<void> {
  if (keys.size === 0) return;
  const rows = [...keys].map(([id, { publicKey, validUntilTs, current }]): SqlScalar[] => [
    server,
    id,
    publicKey,
    validUntilTs,
    current ? null : validUntilTs,
    now,
  ]);
  await tx.run(
    sql`insert into server_key (server_name, key_id, public_key, valid_until, expired_ts, first_seen)
      values ${sql.rows(rows)}
      on conflict (server_name, key_id) do update set valid_until = excluded.valid_until, expired_ts = excluded.expired_ts
      where server_key.public_key = excluded.public_key`,
  );
}

/** What a server published. Times in milliseconds. */
export interface AnswerRow {
  readonly server_name: ServerName;
  readonly json: string;
  readonly fetched: number;
  /** As the server said it, not capped. */
  readonly valid_until: number;
}

export function answersOfServers(db: Queryable, servers: readonly ServerName[]): Promise<AnswerRow[]> {
  return db.all<AnswerRow>(
    sql`select server_name, json, fetched, valid_until from server_key_answer where server_name ${sql.in(servers)}`,
  );
}

export async function upsertAnswer(tx: Tx, row: AnswerRow): Promise<void> {
  await tx.run(
    sql`insert into server_key_answer (server_name, json, fetched, valid_until)
      values (${row.server_name}, ${row.json}, ${row.fetched}, ${row.valid_until})
      on conflict (server_name) do update set
        json = excluded.json, fetched = excluded.fetched, valid_until = excluded.valid_until`,
  );
}
