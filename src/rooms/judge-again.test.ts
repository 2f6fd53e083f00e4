import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, EMIL, joinFrom, newest, remoteEvent } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say } from '../../test/support/rooms.ts';
import { sql } from '../db/sql.ts';
import { ingest } from './ingest.ts';
import { acquitOutlier, eventsBehind } from './judge-again.ts';
import { storeOutliers } from './outliers.ts';
import { countUnjudged, refusedAfter } from './refused-events.table.ts';
import { OUTLIER, REJECTED, type StoredEvent } from './room.ts';
import { UNWANTED } from './room-policy.ts';

onEachDatabase('what was rejected with what authorises it is acquitted with it', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const join = await joinFrom(parts, room, DORA);
  const mark = (flags: number, { nid }: StoredEvent) =>
    db.tx(async tx => {
      await tx.run(sql`update event set flags = ${flags} where nid = ${nid}`);
      parts.events.forgetAtCommit(tx, [nid]);
    });
  const event = await remoteEvent(parts, room, { sender: DORA });
  await mark(REJECTED, join);
  const outcomes = await db.tx(tx => storeOutliers(parts, tx, room, [event]));
  assert.equal(outcomes.get(event.id), 'rejected');
  const stored = await parts.events.byId(db, event.id);
  assert.ok(stored !== undefined);
  assert.equal(await db.tx(tx => acquitOutlier(parts, tx, stored)), false);
  await mark(0, join);
  assert.equal(await db.tx(tx => acquitOutlier(parts, tx, stored)), true);
  const now = await parts.events.byId(db, event.id);
  assert.equal(now?.flags, OUTLIER);
  // One with a place is judged by its place.
  assert.equal(await db.tx(tx => acquitOutlier(parts, tx, join)), false);
});

onEachDatabase('what a policy server did not want is not judged again, whatever the room says since', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const refuse = async (unwanted: string) => {
    const event = await remoteEvent(parts, room, { sender: DORA });
    const { outcome, stored } = await db.tx(tx => ingest(parts, tx, room, event, { unwanted }));
    assert.equal(outcome, 'soft-failed');
    return stored.nid;
  };
  await refuse(`${UNWANTED}: it looks like spam`);
  const other = await refuse('something else');
  assert.deepEqual(await refusedAfter(db, room.nid, 0, 10), [other]);
  assert.equal(await countUnjudged(db, room.nid, 1), 1);
});

onEachDatabase('what extremities come from is found back to a depth', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const old = await newest(parts, room);
  const join = await joinFrom(parts, room, EMIL);
  const one = await say(parts, room, ALICE, 'one');
  const fork = await accepted(parts, room, { sender: EMIL, prev: [join] });
  await say(parts, room, ALICE, 'joins both');
  const behind = await eventsBehind(parts, db, room, join.event.depth);
  assert.deepEqual([...behind].toSorted(), [join, one, fork].map(({ event }) => event.id).toSorted());
  assert.ok(!behind.has(old.event.id));
});
