/** Several processes over one database: what one keeps in memory and another one changes. */
import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { heard, type JoinedBus, twoBuses } from '../../test/support/joined-buses.ts';
import { ALICE, newRoom, roomsOn, SERVER, say } from '../../test/support/rooms.ts';
import type { Database, Queryable } from '../db/database.ts';
import { overwriteEvent, setStateAfter } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { takeAway } from './room-remains.ts';
import { sendRedaction } from './send.ts';

interface Processes {
  readonly here: RoomsParts;
  readonly there: RoomsParts;
  readonly busThere: JoinedBus;
  readonly room: Room;
}

async function twoProcesses(db: Database): Promise<Processes> {
  const [busHere, busThere] = twoBuses();
  const [here, there] = [roomsOn(db, SERVER, busHere), roomsOn(db, SERVER, busThere)];
  return { here, there, busThere, room: await newRoom(here) };
}

async function redact({ here, room }: Processes, redacts: Parameters<typeof sendRedaction>[2]['redacts']) {
  const draft = { type: 'm.room.redaction', sender: ALICE, content: {}, redacts };
  await sendRedaction(here, room, draft, { userNid: 0, deviceId: '', scope: 'redact', txnId: redacts });
  await heard();
}

onEachDatabase('what one process redacts is redacted for the others, who had read it', async db => {
  const processes = await twoProcesses(db);
  const { here, there, room } = processes;
  const { nid, event } = await say(here, room, ALICE, 'a secret');
  assert.equal((await there.events.byNid(db, nid))?.event.content.body, 'a secret');
  await redact(processes, event.id);
  assert.equal((await there.events.byNid(db, nid))?.event.content.body, undefined);
  assert.equal((await here.events.byNid(db, nid))?.event.content.body, undefined);
});

onEachDatabase('a redaction of which the hint was lost is seen once the loss is noticed', async db => {
  const processes = await twoProcesses(db);
  const { here, there, busThere, room } = processes;
  const { nid, event } = await say(here, room, ALICE, 'a secret');
  await there.events.byNid(db, nid);
  busThere.isCut = true;
  await redact(processes, event.id);
  busThere.tellMissed();
  assert.equal((await there.events.byNid(db, nid))?.event.content.body, undefined);
});

onEachDatabase('a commit whose answer comes late does not bring back what was redacted meanwhile', async db => {
  const { here, there, room } = await twoProcesses(db);
  const stored = await say(here, room, ALICE, 'a secret');
  await db.tx(async tx => {
    there.events.rememberAtCommit(tx, stored, 100);
    there.bus.publish('rooms.events', JSON.stringify([stored.nid]));
    await heard();
  });
  assert.notEqual(await there.events.byNid(db, stored.nid), stored);
});

onEachDatabase('a room that one process has deleted is gone for the others', async db => {
  const { here, there, busThere, room } = await twoProcesses(db);
  assert.equal((await there.rooms.find(db, room.roomId))?.nid, room.nid);
  await takeAway(here, room);
  await heard();
  assert.equal(await there.rooms.find(db, room.roomId), undefined);
  assert.equal((await there.rooms.byNids(db, [room.nid])).size, 0);
  const second = await newRoom(here);
  await there.rooms.find(db, second.roomId);
  busThere.isCut = true;
  await takeAway(here, second);
  busThere.tellMissed();
  assert.equal(await there.rooms.find(db, second.roomId), undefined);
});

onEachDatabase('a room of which another version becomes known has it in every process', async db => {
  const { here, there } = await twoProcesses(db);
  const roomId = '!told:two.example' as Room['roomId'];
  const version = (await newRoom(here, { version: '10' })).version;
  await db.tx(tx => here.rooms.findOrCreate(tx, roomId, version));
  assert.equal((await there.rooms.find(db, roomId))?.version.id, '10');
  const { version: newer } = await newRoom(here, { version: '11' });
  await db.tx(tx => here.rooms.findOrCreate(tx, roomId, newer));
  await heard();
  assert.equal((await there.rooms.find(db, roomId))?.version.id, '11');
});

onEachDatabase('what is read while another process changes it is not kept', async db => {
  const processes = await twoProcesses(db);
  const { here, there, busThere, room } = processes;
  const { nid, event } = await say(here, room, ALICE, 'a secret');
  const reading = there.events.byNid(db, nid);
  there.bus.publish('rooms.events', JSON.stringify([nid]));
  await reading;
  busThere.isCut = true;
  await redact(processes, event.id);
  assert.equal((await there.events.byNid(db, nid))?.event.content.body, undefined);
});

const NOBODY: Queryable = {
  all: () => assert.fail('the database is asked'),
  get: () => assert.fail('the database is asked'),
  run: () => assert.fail('the database is asked'),
};

onEachDatabase('what a transaction reads is kept when it is committed, and not when it is rolled back', async db => {
  const { here, there, room } = await twoProcesses(db);
  const [one, other] = [await say(here, room, ALICE, 'one'), await say(here, room, ALICE, 'other')];
  await db.tx(async tx => {
    await there.events.byIds(tx, [one.event.id]);
    await assert.rejects(async () => there.events.byNid(NOBODY, one.nid), /is asked/);
  });
  assert.equal((await there.events.byNid(NOBODY, one.nid))?.event.id, one.event.id);
  const taken = db.tx(async tx => {
    await there.events.byIds(tx, [other.event.id]);
    throw new Error('no');
  });
  await assert.rejects(taken, /no/);
  await assert.rejects(async () => there.events.byNid(NOBODY, other.nid), /is asked/);
});

onEachDatabase('what a transaction read and was changed meanwhile, or by itself, is not kept', async db => {
  const { here, there, room } = await twoProcesses(db);
  const [one, other] = [await say(here, room, ALICE, 'one'), await say(here, room, ALICE, 'other')];
  await db.tx(async tx => {
    await there.events.byNid(tx, one.nid);
    there.bus.publish('rooms.events', JSON.stringify([one.nid]));
    await heard();
  });
  await assert.rejects(async () => there.events.byNid(NOBODY, one.nid), /is asked/);
  await db.tx(async tx => {
    await there.events.byNid(tx, other.nid);
    await overwriteEvent(tx, other.nid, '{}', 0);
    there.events.forgetAtCommit(tx, [other.nid]);
  });
  await assert.rejects(async () => there.events.byNid(NOBODY, other.nid), /is asked/);
});

onEachDatabase('what a transaction read of an event that it was still writing is not kept', async db => {
  const { here, there, room } = await twoProcesses(db);
  const [one, other] = [await say(here, room, ALICE, 'one'), await say(here, room, ALICE, 'other')];
  const written = { ...one, stateAfter: one.stateAfter + 1 };
  await db.tx(async tx => {
    await there.events.byNid(tx, one.nid);
    await setStateAfter(tx, one.nid, written.stateAfter, one.roomRoot);
    there.events.forgetAtCommit(tx, [other.nid]);
    there.events.rememberAtCommit(tx, written, 100);
  });
  assert.equal((await there.events.byNid(db, one.nid))?.stateAfter, written.stateAfter);
});
