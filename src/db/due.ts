import { type Sql, sql } from './sql.ts';

/**
 * What is due by the time of day, in the column `due`. Nothing is put off for longer than `longestMs`: what seems to be was put
 * off while the clock was ahead, and would wait for as long as it had been ahead.
 */
export function isDue(now: number, longestMs: number): Sql {
  return sql`(due <= ${now} or due > ${now + longestMs})`;
}
