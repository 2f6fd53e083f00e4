import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { DORA, joinFrom, newest, receive } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say, viewOf } from '../../test/support/rooms.ts';
import { compileFilter } from './event-filter.ts';
import { ban } from './membership.ts';
import { page } from './timeline.ts';

onEachDatabase('N104 a page goes on behind any number of refused events', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const early = await say(parts, room, ALICE, 'early');
  const fork = await newest(parts, room);
  await ban(parts, room, { sender: ALICE }, DORA);
  for (let i = 0; i < 60; i++) {
    const content = { msgtype: 'm.text', body: `refused ${i}` };
    // By what came before it may be, by the room as it is it may not; the other may not by either.
    assert.equal((await receive(parts, room, { sender: DORA, prev: [fork], content })).outcome, 'soft-failed');
    assert.equal((await receive(parts, room, { sender: DORA, content })).outcome, 'rejected');
  }
  const late = await say(parts, room, ALICE, 'late');
  const ids: string[] = [];
  for (let from: number | undefined = Number.MAX_SAFE_INTEGER; from !== undefined; ) {
    const request = { direction: 'b' as const, from, limit: 3, filter: compileFilter() };
    const { events, next } = await page(parts, db, room, await viewOf(parts, ALICE), request);
    ids.push(...events.map(({ stored }) => stored.event.id));
    assert.ok(next === undefined || events.length > 0, 'a page in the middle is empty');
    from = next;
  }
  assert.equal(ids[0], late.event.id);
  assert.ok(ids.includes(early.event.id));
  assert.equal(new Set(ids).size, ids.length);
});
