import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, newRoom, roomsOn, say } from '../../test/support/rooms.ts';
import { moveReader, readerPositions } from './log-reader.table.ts';
import { LogReader } from './log-reader.ts';
import type { RoomsParts } from './parts.ts';
import { logHeads } from './room-log.table.ts';

/** A reader that writes down those entries that `wants` says, and passes the others by. */
function pickyReader(parts: RoomsParts, name: string, wants: (ref: number) => boolean) {
  const seen: number[] = [];
  const written: number[] = [];
  const reader = new LogReader(parts, {
    name,
    leftOut: 'left out',
    async write(shard, entries, move) {
      const wanted = entries.map(entry => entry.ref).filter(wants);
      seen.push(...entries.map(entry => entry.ref));
      if (wanted.length === 0) return 'passed';
      return parts.db.tx(async tx => {
        if (!(await moveReader(tx, name, shard, move))) return false;
        written.push(...wanted);
        return true;
      });
    },
  });
  return { reader, seen, written };
}

onEachDatabase(
  'what is passed by is read once, costs no transaction, and is stored when that is asked for',
  async db => {
    const parts = roomsOn(db);
    const room = await newRoom(parts);
    const wanted = new Set<number>();
    const { reader, seen, written } = pickyReader(parts, 'picky', ref => wanted.has(ref));
    const stored = async () => (await readerPositions(db, 'picky')).get(room.shard);
    const head = async () => (await logHeads(db))[room.shard];

    await reader.catchUp();
    assert.deepEqual([await stored(), reader.isAhead], [undefined, true]);
    const before = seen.length;
    await say(parts, room, ALICE, 'not wanted');
    await reader.catchUp();
    assert.equal(seen.length, before + 1, 'only what is new is read');
    assert.equal(await stored(), undefined);
    await reader.note();
    assert.deepEqual([await stored(), reader.isAhead], [await head(), false]);

    await say(parts, room, ALICE, 'not wanted either');
    await reader.catchUp();
    wanted.add((await say(parts, room, ALICE, 'wanted')).nid);
    await reader.catchUp();
    assert.deepEqual(written, [...wanted]);
    assert.deepEqual([await stored(), reader.isAhead], [await head(), false]);
  },
);

onEachDatabase('where another process has moved the position, that counts', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const [one, two] = [pickyReader(parts, 'shared', () => false), pickyReader(parts, 'shared', () => true)];
  await one.reader.catchUp();
  await two.reader.catchUp();
  const { nid } = await say(parts, room, ALICE, 'hello');
  await two.reader.catchUp();
  assert.equal(two.written.at(-1), nid);
  await one.reader.note();
  await one.reader.catchUp();
  assert.equal((await readerPositions(db, 'shared')).get(room.shard), (await logHeads(db))[room.shard]);
  assert.equal(one.reader.isAhead, false);
});

onEachDatabase(
  'an entry that cannot be read is left out, and what is passed by around it is not read again',
  async db => {
    const parts = roomsOn(db);
    const room = await newRoom(parts);
    const poisoned = (await say(parts, room, ALICE, 'poison')).nid;
    const wanted = (await say(parts, room, ALICE, 'wanted')).nid;
    const { reader, written } = pickyReader(parts, 'poisoned', ref => {
      if (ref === poisoned) throw new RangeError('poison');
      return ref === wanted;
    });
    await reader.catchUp();
    await reader.catchUp();
    assert.deepEqual(written, [wanted]);
    assert.equal((await readerPositions(db, 'poisoned')).get(room.shard), (await logHeads(db))[room.shard]);
  },
);
