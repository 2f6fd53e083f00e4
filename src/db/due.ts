import { type Sql, sql } from './sql.ts';

const DUE = sql`due`;

/**
 * What is due by the time of day, in a column of milliseconds since the epoch. Nothing is put off for longer than `longestMs`: what seems to be was put
 * off while the clock was ahead, and would wait for as long as it had been ahead.
 */
export function isDue(now: number, longestMs: number, column: Sql = DUE): Sql {
  return sql`(${column} <= ${now} or ${column} > ${now + longestMs})`;
}
