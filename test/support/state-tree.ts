import type { Database, Queryable } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { StateTrees } from '../../src/rooms/state-tree/state-trees.ts';
import { treeKey } from '../../src/rooms/state-tree/tree-key.ts';
import type { Difference, Entry, Root } from '../../src/rooms/state-tree/tree-types.ts';
import { testBudget } from './budget.ts';

/** Numbers in [0, 1) that are the same at each run (mulberry32). */
export type Seeded = () => number;

export function seeded(seed: number): Seeded {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Seeded, end: number): number {
  return Math.floor(random() * end);
}

export function newTrees(db: Database, budget = testBudget(1024 * 1024)): StateTrees {
  return new StateTrees({ db, budget, fingerprintKey: new Uint8Array(32).fill(7) });
}

/** A room without events; answers its number. */
export async function createRoom(db: Database, name = 'room'): Promise<number> {
  return db.tx(async tx => {
    const row = await tx.get<{ nid: number }>(
      sql`insert into room (room_id, version, shard) values (${`!${name}:test`}, '12', 0) returning nid`,
    );
    return row!.nid;
  });
}

export async function recordRows(db: Database, roomNid: number): Promise<{ rec: number; data: Uint8Array }[]> {
  return db.all(sql`select rec, data from state_page where room_nid = ${roomNid} order by rec`);
}

export async function writeRecord(db: Database, roomNid: number, rec: number, data: Uint8Array): Promise<void> {
  await db.run(sql`update state_page set data = ${data} where room_nid = ${roomNid} and rec = ${rec}`);
}

export async function nextRecord(q: Queryable, roomNid: number): Promise<number> {
  return (await q.get<{ next_rec: number }>(sql`select next_rec from room where nid = ${roomNid}`))!.next_rec;
}

/** A room's first state and `members` members, as `build` takes it: values are those that a fresh join would give. */
export function* bigRoom(members: number): Generator<Entry> {
  let event = 0;
  for (let type = 2; type <= 31; type++) yield [treeKey(type, 1), ++event];
  for (let member = 0; member < members; member++) yield [treeKey(1, 100 + member), ++event];
}

export async function mapOf(
  trees: StateTrees,
  q: Queryable,
  roomNid: number,
  root: Root,
): Promise<Map<number, number>> {
  const map = new Map<number, number>();
  for await (const [key, value] of trees.stream(q, roomNid, root)) map.set(key, value);
  return map;
}

export function ordered(map: ReadonlyMap<number, number>): [number, number][] {
  return [...map].sort(([a], [b]) => a - b);
}

export function mapDifference(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): Difference[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  return [...keys]
    .sort((x, y) => x - y)
    .map(key => ({ key, before: a.get(key), after: b.get(key) }))
    .filter(({ before, after }) => before !== after);
}
