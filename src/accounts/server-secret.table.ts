import type { Database, Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** A secret that all processes of this server share; `fresh` becomes it where there is none yet. */
export async function serverSecret(db: Database, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  return db.tx(async tx => {
    await tx.run(sql`insert into server_secret (name, value) values (${name}, ${fresh}) on conflict do nothing`);
    return (await knownSecret(tx, name)) ?? fresh;
  });
}

/** The secret of this name, where there is one. */
export async function knownSecret(db: Queryable, name: string): Promise<Uint8Array | undefined> {
  const row = await db.get<{ value: Uint8Array }>(sql`select value from server_secret where name = ${name}`);
  return row?.value;
}
