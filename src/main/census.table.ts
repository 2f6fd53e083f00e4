import type { Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** How much a server holds. Events are told by the last number given: counting millions of rows takes seconds. */
export interface Census {
  readonly users: number;
  readonly rooms: number;
  readonly events: number;
  readonly databaseBytes: number;
}

export async function takeCensus(db: Queryable, dialect: 'sqlite' | 'postgres'): Promise<Census> {
  const row = await db.get<Omit<Census, 'databaseBytes'>>(
    sql`select (select count(*) from account where is_deactivated = 0) as users, (select count(*) from room) as rooms,
      (select coalesce(max(nid), 0) from event) as events`,
  );
  const size = await db.get<{ bytes: number }>(
    dialect === 'sqlite'
      ? sql`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
      : sql`select pg_database_size(current_database()) as bytes`,
  );
  return { users: row?.users ?? 0, rooms: row?.rooms ?? 0, events: row?.events ?? 0, databaseBytes: size?.bytes ?? 0 };
}

export async function hasAdministrator(db: Queryable): Promise<boolean> {
  const row = await db.get(sql`select 1 as found from account where is_admin = 1 and is_deactivated = 0 limit 1`);
  return row !== undefined;
}
