import type { Snapshot } from '../database.ts';
import { type Contents, contentsOf } from './contents.ts';
import type { MoveEnds } from './copy.ts';
import { MoveError } from './move-error.ts';

export interface Verified {
  readonly tables: number;
  readonly rows: number;
}

/**
 * Compares all contents by number and hash, at the state of the snapshot, which the target has been brought to.
 * @throws MoveError with what differs
 */
export async function verify(
  { target, tables, rest }: MoveEnds,
  snapshot: Snapshot,
  report: (at: { table: string; rows: number }) => void,
): Promise<Verified> {
  let rows = 0;
  for (const table of tables) {
    report({ table: table.name, rows });
    const [here, there] = [await contentsOf(snapshot, table, rest), await contentsOf(target, table, rest)];
    if (here.rows !== there.rows || here.hash !== there.hash)
      throw new MoveError(`${table.name} differs: ${text(here)} here, ${text(there)} there. Nothing was switched.`);
    rows += here.rows;
  }
  return { tables: tables.length, rows };
}

function text({ rows, hash }: Contents): string {
  return `${rows} rows with the hash ${hash.slice(0, 12)}`;
}
