import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { DORA, EMIL, joinFrom, newest, receive, TWO } from '../../../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn } from '../../../../test/support/rooms.ts';
import { ban } from '../../../rooms/membership.ts';
import { gatherRefused } from './refused.ts';

onEachDatabase('what is refused is told with the part of our state that it follows from', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const fork = await newest(parts, room);
  const topic = { type: 'm.room.topic', stateKey: '', content: { topic: 'mine' } };
  const weak = (await receive(parts, room, { ...topic, sender: DORA })).stored;
  await ban(parts, room, { sender: ALICE }, DORA);
  const banned = await newest(parts, room);
  const rejected = (await receive(parts, room, { sender: DORA })).stored;
  const softFailed = (await receive(parts, room, { sender: DORA, prev: [fork] })).stored;
  // Of somebody who was never there nothing of the state tells.
  const strange = (await receive(parts, room, { sender: EMIL })).stored;
  const two = (await parts.nids.domains.findOne(db, TWO)) ?? 0;
  const told = await gatherRefused(parts, room, two);
  const lasts = new Map(told.map(({ last, because, isSoft }) => [last, [isSoft, because?.says, because?.sender]]));
  assert.deepEqual(lasts.get(weak.event.id), [false, 'power levels', ALICE]);
  assert.deepEqual(lasts.get(softFailed.event.id), [true, 'ban', ALICE]);
  // The newest of a reason stands for it.
  assert.deepEqual(lasts.get(strange.event.id), [false, undefined, undefined]);
  assert.equal(lasts.has(rejected.event.id), false);
  const ofBan = told.find(({ isSoft }) => isSoft)?.because;
  assert.deepEqual([ofBan?.eventId, ofBan?.type], [banned.event.id, 'm.room.member']);
  assert.equal(told.find(({ last }) => last === strange.event.id)?.events, 2);
});
