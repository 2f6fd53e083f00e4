import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { DORA, EMIL, joinFrom, newest, remoteEvent } from '../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, newRoom, roomsOn } from '../../test/support/rooms.ts';
import { sql } from '../db/sql.ts';
import { extremities } from './extremities.table.ts';
import { ingest } from './ingest.ts';
import { ban } from './membership.ts';

const text = (body: string) => ({ msgtype: 'm.text', body });

onEachDatabase('what a refused event builds on is missing once an accepted one builds on that', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  await joinFrom(parts, room, EMIL);
  const fork = await newest(parts, room);
  await ban(parts, room, { sender: ALICE }, DORA);
  const tip = await newest(parts, room);
  const hidden = await remoteEvent(parts, room, { sender: EMIL, prev: [fork], content: text('hidden') });
  const unseen = { ...fork, event: hidden };
  const holes = async () => {
    const rows = await db.all<{ event_id: string }>(sql`select event_id from hole where room_nid = ${room.nid}`);
    return rows.map(row => row.event_id);
  };
  const take = async (sender: typeof EMIL, prev: readonly (typeof fork)[], body: string) => {
    const event = await remoteEvent(parts, room, { sender, prev, content: text(body) });
    const stateBefore = prev.includes(unseen) ? fork.stateAfter : undefined;
    return db.tx(tx => ingest(parts, tx, room, event, stateBefore === undefined ? {} : { stateBefore }));
  };
  const first = await take(DORA, [unseen], 'refused');
  assert.equal(first.outcome, 'soft-failed');
  const second = await take(DORA, [first.stored], 'refused too');
  assert.equal(second.outcome, 'soft-failed');
  assert.deepEqual(await holes(), [], 'nobody needs what only refused ones build on');
  const heads = await extremities(db, room.nid);
  assert.equal((await take(EMIL, [second.stored, tip], 'after')).outcome, 'accepted');
  assert.deepEqual(await holes(), [hidden.id]);
  assert.notDeepEqual(await extremities(db, room.nid), heads);
  const ends = await extremities(db, room.nid);
  assert.equal((await db.tx(tx => ingest(parts, tx, room, hidden))).outcome, 'accepted');
  assert.deepEqual(await holes(), []);
  assert.deepEqual(await extremities(db, room.nid), ends, 'it is no end of the room');
  assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['after', 'hidden']);
});
