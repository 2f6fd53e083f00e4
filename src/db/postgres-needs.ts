import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

const OLDEST_POSTGRES = 130_000;

/** Why a PostgreSQL database is of no use, whatever is in it; undefined where it is of use. */
export async function unfitPostgres(postgres: Queryable): Promise<string | undefined> {
  const found = await postgres.get<{ version: string; encoding: string }>(
    sql`select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding`,
  );
  if (Number(found?.version) < OLDEST_POSTGRES) return 'This PostgreSQL is too old: 13 is the oldest.';
  if (found?.encoding === 'UTF8') return undefined;
  return `The encoding of this database is ${found?.encoding}. Make one with \`encoding 'UTF8' template template0\` (docs/postgresql.md).`;
}
