import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TestClock } from '../../../test/support/accounts.ts';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { silentLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import { deleteConnections, findPosition, pruneConnections } from './connection.table.ts';
import { ConnectionDraft, type KnownRoom, type RoomConfig, readRooms, writeRooms } from './connection-state.ts';
import { Connections } from './connections.ts';
import { requiredState } from './required-state.ts';

const DAY_MS = 86_400_000;
const CONFIG: RoomConfig = { timelineLimit: 1, state: requiredState([['m.room.name', '']], '@alice:one.example') };
const KEY = { userNid: 1, deviceId: 'DEVICE', connId: 'main' };

const knowing = (...nids: number[]): ReadonlyMap<number, KnownRoom> =>
  new Map(nids.map(nid => [nid, { config: CONFIG, flags: 0, behind: undefined }]));

/** Two that share a database, as two runs of a process do, or two nodes. */
function on(db: Database) {
  const clock = new TestClock();
  const make = () => new Connections({ db, clock, random: systemRandom, log: silentLog, budget: testBudget() });
  return { clock, one: make(), other: make() };
}

const isUnknown = (error: unknown) => error instanceof MatrixError && error.errcode === 'M_UNKNOWN_POS';

test('what a connection knows is the same after it was written', () => {
  const plain = { noNullPrototype: true };
  const text = fc.string({ unit: 'grapheme', maxLength: 5 });
  const patterns = fc.array(fc.tuple(fc.option(text), fc.option(text)), { maxLength: 3 });
  const state = fc.record({ patterns, lazyMembers: fc.boolean() }, plain);
  const config = fc.record({ timelineLimit: fc.nat(100), state }, plain);
  const behind = fc.option(fc.nat(), { nil: undefined });
  const room = fc.record({ config, flags: fc.nat(7), behind }, plain);
  const rooms = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), room), { maxLength: 20 });
  fc.assert(
    fc.property(rooms, all => {
      const known = new Map(all);
      const sorted = (map: ReadonlyMap<number, KnownRoom>) => [...map].sort(([a], [b]) => a - b);
      assert.deepEqual(sorted(readRooms(writeRooms(known))), sorted(known));
    }),
  );
});

test('a room that the client has takes a few bytes', () => {
  const many = knowing(...Array.from({ length: 2000 }, (_, at) => at * 13));
  assert.ok(writeRooms(many).length < 2000 * 4);
});

test('a draft is the rooms before with what changed, and says whether anything did', () => {
  const draft = new ConnectionDraft(readRooms(writeRooms(knowing(1, 2, 3))));
  const before = draft.get(1) ?? assert.fail();
  draft.set(1, { ...before });
  assert.equal(draft.isChanged, false);
  draft.fallBehind(4, 10);
  assert.equal(draft.isChanged, false, 'of a room that it does not know nothing can be missed');
  draft.fallBehind(2, 10);
  draft.fallBehind(2, 20);
  assert.deepEqual([draft.isChanged, draft.get(2)?.behind], [true, 10]);
  draft.set(5, { config: CONFIG, flags: 1, behind: undefined });
  assert.deepEqual([...draft.rooms(nid => nid !== 3).keys()].toSorted(), [1, 2, 5]);
});

onEachDatabase('a client may come again with the position before, and with none older', async db => {
  const { one, other } = on(db);
  const first = await one.keep(KEY, undefined, knowing(1));
  const second = await one.keep(KEY, first, knowing(1, 2));
  const again = await one.keep(KEY, first, knowing(1, 3));
  for (const connections of [one, other]) {
    assert.deepEqual([...(await connections.known(KEY, first)).keys()], [1]);
    assert.deepEqual([...(await connections.known(KEY, again)).keys()], [1, 3]);
    await assert.rejects(connections.known(KEY, second), isUnknown);
  }
  const third = await one.keep(KEY, again, knowing());
  await assert.rejects(one.known(KEY, first), isUnknown);
  assert.deepEqual([await one.knowsRooms(KEY, again), await one.knowsRooms(KEY, third)], [true, false]);
  const anew = await one.keep(KEY, undefined, knowing());
  await assert.rejects(one.known(KEY, third), isUnknown);
  await one.knowsRooms(KEY, anew);
});

onEachDatabase('a device has twenty connections, and none once it is gone', async db => {
  const { clock, one, other } = on(db);
  const names: string[] = [];
  for (let at = 0; at < 25; at++) {
    clock.advance(1000);
    names.push(await one.keep({ ...KEY, connId: `conn${at}` }, undefined, knowing(at + 1)));
  }
  const elsewhere = await one.keep({ ...KEY, deviceId: 'OTHER' }, undefined, knowing(1));
  const found = async () =>
    (await Promise.all(names.map((name, at) => findPosition(db, { ...KEY, connId: `conn${at}` }, name)))).map(
      row => row !== undefined,
    );
  assert.deepEqual(
    await found(),
    names.map((_, at) => at >= 5),
  );
  await db.tx(tx => deleteConnections(tx, KEY.userNid, [KEY.deviceId]));
  assert.equal((await found()).includes(true), false);
  await other.knowsRooms({ ...KEY, deviceId: 'OTHER' }, elsewhere);
});

onEachDatabase('positions that are used stay, the others are cleared away', async db => {
  const { clock, one, other } = on(db);
  const used = await one.keep(KEY, undefined, knowing(1));
  const idle = await one.keep({ ...KEY, connId: 'idle' }, undefined, knowing(1));
  for (let day = 0; day < 40; day++) {
    clock.advance(DAY_MS);
    await one.known(KEY, used);
  }
  assert.equal(await db.tx(tx => pruneConnections(tx, clock.now() - 30 * DAY_MS, 10)), 1);
  await other.known(KEY, used);
  await assert.rejects(other.known({ ...KEY, connId: 'idle' }, idle), isUnknown);
});

onEachDatabase('who makes a connection know too much has to begin anew', async db => {
  const { one } = on(db);
  const pattern = (at: number) => ['org.example.type', `${at}`.padStart(200, 'x')];
  const wide = Array.from({ length: 300 }, (_, at) => pattern(at));
  const rooms = new Map(
    Array.from({ length: 20 }, (_, at): [number, KnownRoom] => [
      at,
      { config: { timelineLimit: at, state: requiredState(wide, '') }, flags: 0, behind: undefined },
    ]),
  );
  await assert.rejects(one.known(KEY, await one.keep(KEY, undefined, rooms)), isUnknown);
});
