import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, joinFrom } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, setState, stateContent } from '../../test/support/rooms.ts';
import { sql } from '../db/sql.ts';
import { dropForwardExtremities, forwardExtremities } from './forward-extremities.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { fillRoomFacts } from './room-facts.ts';
import { roomList } from './room-list.ts';

async function listedName(parts: RoomsParts, room: Room): Promise<string | null | undefined> {
  const query = { filter: {}, order: 'name', backward: false, from: 0, limit: 10 } as const;
  const { rooms } = await roomList(parts, parts.db, query);
  return rooms.find(listed => listed.nid === room.nid)?.name;
}

/** A room whose name was set on both sides of a fork: ours and theirs. */
async function forked(parts: RoomsParts): Promise<Room> {
  const room = await newRoom(parts, { name: 'before' });
  await joinFrom(parts, room, DORA);
  await setState(parts, room, ALICE, 'm.room.power_levels', { users: { [DORA]: 50 } });
  const [fork] = await forwardExtremities(parts, parts.db, room);
  await setState(parts, room, ALICE, 'm.room.name', { name: 'ours' });
  await accepted(parts, room, {
    sender: DORA,
    type: 'm.room.name',
    stateKey: '',
    content: { name: 'theirs' },
    prev: [fork!],
  });
  return room;
}

onEachDatabase('the list says what the resolved state says', async db => {
  const parts = roomsOn(db);
  const room = await forked(parts);
  assert.equal(await listedName(parts, room), (await stateContent(parts, room, 'm.room.name'))?.name);
  assert.notEqual(await listedName(parts, room), 'before');
});

onEachDatabase('a room goes on from its newest extremity alone, with the state of that', async db => {
  const parts = roomsOn(db);
  const room = await forked(parts);
  assert.equal((await forwardExtremities(parts, db, room)).length, 2);
  assert.equal(await dropForwardExtremities(parts, room), 1);
  const [kept, ...others] = await forwardExtremities(parts, db, room);
  assert.deepEqual([kept?.event.content.name, others.length], ['theirs', 0]);
  assert.equal((await stateContent(parts, room, 'm.room.name'))?.name, 'theirs');
  assert.equal(await listedName(parts, room), 'theirs');
  assert.equal(await dropForwardExtremities(parts, room), 0);
  const later = await setState(parts, room, ALICE, 'm.room.topic', { topic: 'on' });
  const stored = await parts.events.byId(db, later);
  assert.deepEqual(stored?.event.prevIds, [kept?.event.id]);
});

onEachDatabase('rooms from before there was a list are taken in', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts, { name: 'old' });
  await db.tx(tx => tx.run(sql`delete from room_facts`));
  assert.equal(await listedName(parts, room), null);
  await fillRoomFacts(parts);
  assert.equal(await listedName(parts, room), 'old');
});
