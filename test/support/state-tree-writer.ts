/**
 * The child process of the SIGKILL test: makes one random change after the other to a room's state for ever, each with
 * a row in `written` in the same transaction, and prints a dot for each that is durable.
 *
 * Arguments: sqlite or postgres, file or URL, number of the room, seed.
 */
import type { Database } from '../../src/db/database.ts';
import { PostgresDatabase } from '../../src/db/postgres.ts';
import { sql } from '../../src/db/sql.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import { treeKey } from '../../src/rooms/state-tree/tree-key.ts';
import { below, newTrees, seeded } from './state-tree.ts';

const [dialect, place = '', room, seed] = process.argv.slice(2);
const roomNid = Number(room);
const random = seeded(Number(seed));
const db: Database =
  dialect === 'sqlite'
    ? new SqliteDatabase({ file: place, synchronous: 'off' })
    : new PostgresDatabase({ url: place, connections: 1 });
const trees = newTrees(db);

for (;;) {
  await db.tx(async tx => {
    const row = await tx.get<{ state_root: number }>(sql`select state_root from room where nid = ${roomNid}`);
    const last = await tx.get<{ n: number }>(sql`select coalesce(max(n), 0) as n from written`);
    const n = last!.n + 1;
    const key = treeKey(1, below(random, 3000));
    const root = await trees.apply(tx, roomNid, row!.state_root, [{ key, value: n }]);
    await tx.run(sql`update room set state_root = ${root} where nid = ${roomNid}`);
    await tx.run(sql`insert into written (n, root, tree_key) values (${n}, ${root}, ${key})`);
  });
  process.stdout.write('.');
}
