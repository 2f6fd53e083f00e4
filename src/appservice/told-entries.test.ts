import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, joinFrom } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say, timelineOf } from '../../test/support/rooms.ts';
import { LOG_EVENT } from '../rooms/room-log.table.ts';
import { sendRedaction } from '../rooms/send.ts';
import { EntryReader } from './told-entries.ts';

onEachDatabase('an application service is not told of redactions without the right to them', async db => {
  const rooms = roomsOn(db);
  const room = await newRoom(rooms, { version: '11' });
  await joinFrom(rooms, room, DORA);
  const target = await say(rooms, room, ALICE, 'stays');
  const content = { redacts: target.event.id };
  const vain = await accepted(rooms, room, { type: 'm.room.redaction', sender: DORA, content });
  const draft = { type: 'm.room.redaction', sender: ALICE, content: {}, redacts: target.event.id };
  const heeded = await sendRedaction(rooms, room, draft, undefined);
  const registration = { sender: '@irc:one.example', receivesEphemeral: false, receivesEncryption: false };
  const interest = { inRoom: async () => true, inEvent: () => true };
  const reader = new EntryReader(rooms, registration as never, interest as never);
  const entries = (await timelineOf(rooms, room)).map(({ nid, pos = 0 }) => ({
    shard: room.shard,
    pos,
    room_nid: room.nid,
    kind: LOG_EVENT,
    ref: nid,
  }));
  const told = (await reader.read(entries)).events.map(event => event.event_id);
  assert.equal(told.length, entries.length - 1);
  assert.ok(told.includes(heeded) && !told.includes(vain.event.id));
});
