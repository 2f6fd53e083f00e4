import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { EVE, HistoryWorld } from '../../../../test/support/history-world.ts';
import { DORA, newest, TWO } from '../../../../test/support/remote-events.ts';
import { say, setState, stateContent } from '../../../../test/support/rooms.ts';
import type { EventId, RoomId } from '../../../core/ids.ts';
import { sql } from '../../../db/sql.ts';
import { addHole, forgetHoles } from '../../../rooms/extremities.table.ts';
import { ingest } from '../../../rooms/ingest.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { takeState } from './take-state.ts';

const LEVELS = 'm.room.power_levels';

/** A server forgets what an event changed: the state after it is what it was before. */
async function forget(parts: RoomsParts, room: Room, eventId: EventId): Promise<void> {
  const stored = await parts.events.byId(parts.db, eventId);
  const [old, fresh] = [stored?.stateBefore, stored?.stateAfter];
  assert.ok(old !== undefined && fresh !== undefined && old !== fresh);
  const rows = await parts.db.all<{ nid: number }>(sql`select nid from event where room_nid = ${room.nid}`);
  const nids = rows.map(({ nid }) => nid);
  await parts.db.tx(async tx => {
    await tx.run(sql`update room set state_root = ${old} where nid = ${room.nid} and state_root = ${fresh}`);
    await tx.run(sql`update event set state_before = ${old} where room_nid = ${room.nid} and state_before = ${fresh}`);
    await tx.run(sql`update event set state_after = ${old} where room_nid = ${room.nid} and state_after = ${fresh}`);
    await tx.run(sql`update event set room_root = ${old} where room_nid = ${room.nid} and room_root = ${fresh}`);
    parts.events.forgetAtCommit(tx, nids);
  });
}

/** Both have a room with a part of the state that `there` has set, and a message on top. */
async function world(t: Parameters<typeof HistoryWorld.start>[0], db: Parameters<typeof HistoryWorld.start>[1]) {
  const started = await HistoryWorld.start(t, db);
  const { here, there } = started;
  const remote = await started.newRoom();
  const room = await started.enter(remote);
  const put = async (type: string, content: object) => {
    const id = await setState(there, remote, DORA, type, { ...content });
    await started.send([await newest(there, remote)]);
    return id as EventId;
  };
  const onTop = async () => {
    await started.send([await say(there, remote, DORA, 'on top')]);
  };
  const take = async () => (await takeState(started.told, TWO, room.roomId, new AbortController().signal)).join('\n');
  return { ...started, started, here, there, remote, room, put, onTop, take };
}

onEachDatabase('what we lost of a state is taken in, and told in words', async (db, t) => {
  const { here, room, put, onTop, take } = await world(t, db);
  const levels = { users: { [DORA]: 100 }, kick: 60 };
  const id = await put(LEVELS, levels);
  await forget(here, room, id);
  await onTop();
  assert.notEqual((await stateContent(here, room, LEVELS))?.kick, 60);
  await db.tx(tx => addHole(tx, room.nid, '$missing' as EventId, 1, here.clock.now()));
  assert.match(await take(), /^refused: 1 event of the room are missing here/);
  await db.tx(tx => forgetHoles(tx, room.nid));
  const said = await take();
  assert.match(said, /^took 1 part of its state in /);
  assert.match(said, /power levels: kick is 60 there and/);
  assert.equal((await stateContent(here, room, LEVELS))?.kick, 60);
  assert.match(await take(), /^nothing to take: the states are the same/);
});

onEachDatabase('what they lost is not taken in: by the rules of the room ours stands', async (db, t) => {
  const { here, there, remote, room, put, onTop, take } = await world(t, db);
  await forget(there, remote, await put('m.room.topic', { topic: 'of now' }));
  await onTop();
  assert.match(await take(), /^refused: by the rules of the room what we have stands, and two\.example lacks it/);
  assert.deepEqual(await stateContent(here, room, 'm.room.topic'), { topic: 'of now' });
});

onEachDatabase('who is alone with what it says is the one to be mended', async (db, t) => {
  const started = await HistoryWorld.start(t, db);
  const { here, there, third } = started;
  const remote = await started.newRoom();
  const theirs = await started.enterThird(remote);
  const room = await started.enter(remote);
  const tell = async (event: Parameters<typeof ingest>[3]) => third.db.tx(tx => ingest(third, tx, theirs, event));
  await tell((await newest(here, room)).event);
  await setState(there, remote, DORA, 'm.room.topic', { topic: 'old' });
  const old = await newest(there, remote);
  await setState(there, remote, DORA, 'm.room.topic', { topic: 'new' });
  const fresh = await newest(there, remote);
  await forget(there, remote, fresh.event.id);
  const last = await say(there, remote, DORA, 'on top');
  await started.send([old, fresh, last]);
  for (const each of [old, fresh, last]) await tell(each.event);
  const lines = (await takeState(started.told, TWO, room.roomId, new AbortController().signal)).join('\n');
  assert.match(
    lines,
    /^refused: three\.example has the state that we have, and two\.example alone differs/,
    `${EVE} is there`,
  );
  assert.deepEqual(await stateContent(here, room, 'm.room.topic'), { topic: 'new' });
});

onEachDatabase('of a room that is not known nothing is taken', async (db, t) => {
  const { told } = await HistoryWorld.start(t, db);
  assert.deepEqual(await takeState(told, TWO, '!nowhere:two.example' as RoomId, new AbortController().signal), [
    'refused: nothing is known of !nowhere:two.example',
  ]);
});
