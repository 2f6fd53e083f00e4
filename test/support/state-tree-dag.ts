import assert from 'node:assert/strict';
import type { Database, Tx } from '../../src/db/database.ts';
import type { StateTrees } from '../../src/rooms/state-tree/state-trees.ts';
import { treeKey } from '../../src/rooms/state-tree/tree-key.ts';
import type { Change, Root } from '../../src/rooms/state-tree/tree-types.ts';
import { below, bigRoom, mapDifference, mapOf, nextRecord, ordered, type Seeded } from './state-tree.ts';

/** One event of a random room: the state after it, as a tree and as a map. */
export interface DagEvent {
  readonly parents: readonly number[];
  readonly root: Root;
  readonly state: ReadonlyMap<number, number>;
}

export interface Room {
  readonly db: Database;
  readonly trees: StateTrees;
  readonly roomNid: number;
  readonly random: Seeded;
}

/** Chooses the one or two earlier events (by index) that the next one follows. */
export type Parents = (random: Seeded, events: readonly DagEvent[]) => readonly number[];

const ROLLED_BACK = new RangeError('rolled back');

/** Several events share a transaction; one transaction in ten is rolled back and its events happen differently. */
export async function grow(
  room: Room & { readonly members: number },
  count: number,
  parents: Parents,
): Promise<DagEvent[]> {
  const { db, trees, roomNid, random } = room;
  const first = new Map(bigRoom(room.members));
  const root = await db.tx(tx => trees.build(tx, roomNid, first));
  const events: DagEvent[] = [{ parents: [], root, state: first }];
  let nextEvent = first.size + 1;
  while (events.length < count) {
    const before = events.length;
    const rollBack = random() < 0.1;
    const record = await nextRecord(db, roomNid);
    const done = db.tx(async tx => {
      for (let left = 1 + below(random, 12); left > 0; left--) {
        events.push(await next(tx, room, parents(random, events), events, nextEvent));
        nextEvent += 40;
      }
      if (rollBack) throw ROLLED_BACK;
    });
    if (!rollBack) await done;
    else {
      await assert.rejects(done, error => error === ROLLED_BACK);
      events.length = before;
      assert.equal(await nextRecord(db, roomNid), record);
    }
  }
  return events;
}

async function next(
  tx: Tx,
  { trees, roomNid, random }: Room,
  parents: readonly number[],
  events: readonly DagEvent[],
  event: number,
): Promise<DagEvent> {
  const [a, b] = parents.map(at => events[at]!);
  const changes = b === undefined ? stateChanges(random, event) : await winners(tx, { trees, roomNid, random }, a!, b);
  const root = await trees.apply(tx, roomNid, a!.root, changes);
  const state = new Map(a!.state);
  for (const { key, value } of changes) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
  const probe = changes[0]?.key ?? [...state.keys()][below(random, state.size)]!;
  assert.deepEqual(await trees.lookup(tx, [{ roomNid, root, key: probe }]), [state.get(probe)]);
  if (random() < 0.02) assert.deepEqual(ordered(await mapOf(trees, tx, roomNid, root)), ordered(state));
  return { parents, root, state };
}

/** Mostly one change, of a new member as often as not; sometimes many, sometimes none. */
function stateChanges(random: Seeded, event: number): Change[] {
  const sort = random();
  const count = sort < 0.15 ? 0 : sort < 0.95 ? 1 : 30;
  return Array.from({ length: count }, (_, at) => {
    const value = random() < 0.1 ? undefined : event + at;
    if (random() < 0.1) return { key: treeKey(2 + below(random, 40), 1), value };
    const newcomer = random() < 0.5;
    return { key: treeKey(1, newcomer ? 100 + event + at : 100 + below(random, event)), value };
  });
}

/** The conflicts of two states, each won by one side: what state resolution does with a tree. */
async function winners(
  tx: Tx,
  { trees, roomNid, random }: Omit<Room, 'db'>,
  a: DagEvent,
  b: DagEvent,
): Promise<Change[]> {
  const conflicts = await trees.diff(tx, roomNid, a.root, b.root);
  assert.deepEqual(conflicts, mapDifference(a.state, b.state));
  return conflicts.filter(() => random() < 0.5).map(({ key, after }) => ({ key, value: after }));
}

/** Probes a grown room from outside any transaction: whole states, pairs, rebuilt trees. */
export async function verify({ db, trees, roomNid, random }: Room, events: readonly DagEvent[]): Promise<void> {
  const any = () => events[below(random, events.length)]!;
  for (let probe = 0; probe < 25; probe++) {
    const [a, b] = [any(), any()];
    assert.deepEqual(ordered(await mapOf(trees, db, roomNid, a.root)), ordered(a.state));
    assert.deepEqual(await trees.diff(db, roomNid, a.root, b.root), mapDifference(a.state, b.state));
    assert.equal(await trees.count(db, roomNid, a.root), a.state.size);
    const rebuilt = await db.tx(tx => trees.build(tx, roomNid, ordered(a.state)));
    assert.notEqual(rebuilt, a.root);
    assert.deepEqual(await trees.diff(db, roomNid, a.root, rebuilt), []);
    assert.deepEqual(await trees.diff(db, roomNid, rebuilt, b.root), mapDifference(a.state, b.state));
    const fingerprint = await trees.fingerprint(db, roomNid, a.root);
    assert.deepEqual(await trees.fingerprint(db, roomNid, rebuilt), fingerprint);
    assert.deepEqual(await trees.recomputeFingerprint(db, roomNid, a.root), fingerprint);
  }
}
