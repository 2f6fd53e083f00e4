import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, joinFrom, newest } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, reply, roomsOn, say, viewOf } from '../../test/support/rooms.ts';
import type { JsonObject } from '../core/json.ts';
import { bundle } from './bundle.ts';
import { compileFilter } from './event-filter.ts';
import { messages } from './messages.ts';
import { relations } from './relations.ts';
import { readableRoom } from './room-access.ts';

const to = (rel_type: string, event_id: string) => ({ 'm.relates_to': { rel_type, event_id } });
const ALL = { relType: undefined, eventType: undefined, direction: 'f', from: undefined, to: undefined } as const;

onEachDatabase('N060: events that relate to themselves or to each other run nobody in circles', async db => {
  const parts = roomsOn(db);
  // Only where the sender chooses the ID an event can name one that comes after it.
  const room = await newRoom(parts, { version: '1' });
  await joinFrom(parts, room, DORA);
  const send = async (id: string, target: string, type: string) =>
    accepted(parts, room, { sender: DORA, id, content: { msgtype: 'm.text', body: id, ...to(type, target) } });
  for (const type of ['m.thread', 'm.replace', 'm.reference']) {
    await send(`$self-${type}:two.example`, `$self-${type}:two.example`, type);
    await send(`$a-${type}:two.example`, `$b-${type}:two.example`, type);
    await send(`$b-${type}:two.example`, `$a-${type}:two.example`, type);
  }
  const view = await viewOf(parts, ALICE);
  const readable = await readableRoom(parts, room.roomId, view);
  const query = { direction: 'f' as const, from: undefined, to: undefined, limit: 100, filter: compileFilter() };
  const { chunk } = await messages(parts, db, readable, view, query);
  assert.equal((chunk as unknown[]).filter(event => (event as JsonObject).type === 'm.room.message').length, 9);
  const recursive = { ...ALL, eventId: '$a-m.thread:two.example', limit: 50, recurse: true };
  const found = await relations(parts, db, readable, view, recursive);
  assert.deepEqual((found.chunk as JsonObject[]).map(event => event.event_id).sort(), [
    '$a-m.thread:two.example',
    '$b-m.thread:two.example',
  ]);
});

onEachDatabase('N060: a long chain of threads is summed up one step deep', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const root = await newest(parts, room).then(() => say(parts, room, ALICE, 'root'));
  let last = root;
  for (let i = 0; i < 150; i++) {
    last = await accepted(parts, room, {
      sender: DORA,
      content: { body: `link ${i}`, ...to('m.thread', last.event.id) },
    });
  }
  const view = await viewOf(parts, ALICE);
  const summary = JSON.stringify((await bundle(parts, db, room, view, [root])).get(root.event.id));
  assert.ok(summary.includes('link 0') && !summary.includes('link 1'), summary.slice(0, 300));
  const readable = await readableRoom(parts, room.roomId, view);
  const found = await relations(parts, db, readable, view, {
    ...ALL,
    eventId: root.event.id,
    limit: 100,
    recurse: true,
  });
  assert.equal((found.chunk as unknown[]).length, 3, 'as deep as it says');
});

onEachDatabase('N060: relations to events of other rooms show nothing of either', async db => {
  const parts = roomsOn(db);
  const [room, other] = [await newRoom(parts), await newRoom(parts)];
  const here = await say(parts, room, ALICE, 'here');
  await reply(parts, other, ALICE, here, 'from elsewhere');
  const view = await viewOf(parts, ALICE);
  assert.equal((await bundle(parts, db, room, view, [here])).size, 0);
  const readable = await readableRoom(parts, room.roomId, view);
  const found = await relations(parts, db, readable, view, {
    ...ALL,
    eventId: here.event.id,
    limit: 100,
    recurse: false,
  });
  assert.deepEqual(found.chunk, []);
  const elsewhere = await readableRoom(parts, other.roomId, view);
  const asked = relations(parts, db, elsewhere, view, { ...ALL, eventId: here.event.id, limit: 100, recurse: false });
  await assert.rejects(asked, { errcode: 'M_NOT_FOUND' });
});
