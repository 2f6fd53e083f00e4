import type { Queryable, Tx } from '../database.ts';
import { type Dialect, sql } from '../sql.ts';
import type { MovedTable } from './moved-tables.ts';

/** The last number that each table has given out, also to rows that are gone: none is given out again. */
export async function numbersGiven(
  db: Queryable,
  dialect: Dialect,
  tables: readonly MovedTable[],
): Promise<Map<string, number>> {
  if (dialect === 'sqlite') {
    const rows = await db.all<{ name: string; last: number }>(sql`select name, seq as last from sqlite_sequence`);
    return new Map(rows.map(({ name, last }) => [name, last]));
  }
  const given = new Map<string, number>();
  for (const { name, identity } of numbered(tables)) {
    const row = await db.get<{ last: number | null }>(
      sql`select pg_sequence_last_value(pg_get_serial_sequence(${name}, ${identity})::regclass) as last`,
    );
    given.set(name, row?.last ?? 0);
  }
  return given;
}

export async function setNumbersGiven(
  tx: Tx,
  dialect: Dialect,
  tables: readonly MovedTable[],
  given: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { name, identity } of numbered(tables)) {
    const last = given.get(name) ?? 0;
    if (dialect === 'sqlite') {
      await tx.run(sql`delete from sqlite_sequence where name = ${name}`);
      await tx.run(sql`insert into sqlite_sequence (name, seq) values (${name}, ${last})`);
    } else {
      await tx.all(
        sql`select setval(pg_get_serial_sequence(${name}, ${identity}), ${Math.max(1, last)}, ${last > 0 ? 'true' : 'false'})`,
      );
    }
  }
}

function numbered(tables: readonly MovedTable[]): { readonly name: string; readonly identity: string }[] {
  return tables.flatMap(({ name, identity }) => (identity === undefined ? [] : [{ name, identity }]));
}
