import { hash } from 'node:crypto';
import type { Queryable } from '../database.ts';
import { type Key, keyOf, rowsAfter } from './moved-rows.ts';
import type { MovedTable } from './moved-tables.ts';
import { rowText } from './replay.ts';

/** The number of rows of a table and the sum of their hashes: the same whatever order a database reads them in. */
export interface Contents {
  readonly rows: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

const ROWS_AT_ONCE = 200;
const MODULUS = 2n ** 256n;

/** Reads all rows of a table. */
export async function contentsOf(db: Queryable, table: MovedTable, rest: () => Promise<void>): Promise<Contents> {
  let rows = 0;
  let sum = 0n;
  for (let after: Key | undefined; ; ) {
    const some = await rowsAfter(db, table, after, ROWS_AT_ONCE);
    for (const row of some) sum = (sum + BigInt(`0x${hash('sha256', rowText(table, row), 'hex')}`)) % MODULUS;
    rows += some.length;
    const last = some.at(-1);
    if (last === undefined || some.length < ROWS_AT_ONCE) return { rows, hash: sum.toString(16).padStart(64, '0') };
    after = keyOf(table, last);
    await rest();
  }
}
