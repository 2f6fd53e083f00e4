import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, bodiesSeen, joinAll, newRoom, roomsOn, setState, timelineOf } from '../../test/support/rooms.ts';
import { currentMembership } from './current-membership.ts';
import { countEvents } from './events.table.ts';
import { join } from './membership.ts';
import { sendEvent } from './send.ts';

const draft = (body: string, sender = ALICE) => ({
  type: 'm.room.message',
  sender,
  content: { msgtype: 'm.text', body },
});
const key = (txnId: string, deviceId = 'A') => ({ userNid: 1, deviceId, scope: 'send', txnId });

onEachDatabase('N162: twenty tries of one transaction at once make one event', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const tries = Array.from({ length: 20 }, (_, i) => sendEvent(parts, room, draft(`try ${i}`), key('one')));
  assert.equal(new Set(await Promise.all(tries)).size, 1);
  assert.equal((await bodiesSeen(parts, room, ALICE)).length, 1);
  // Also after the server has forgotten everything that it had in memory.
  const fresh = roomsOn(db);
  assert.equal(await sendEvent(fresh, room, draft('later'), key('one')), await tries[0]);
});

onEachDatabase('what is sent side by side comes one after the other, in one line', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinAll(parts, room, [BOB]);
  const sent = Array.from({ length: 30 }, (_, i) =>
    sendEvent(parts, room, draft(`m${i}`, i % 2 === 0 ? ALICE : BOB), key(`t${i}`)),
  );
  await Promise.all(sent);
  const events = (await timelineOf(parts, room)).map(({ event }) => event);
  for (const [at, event] of events.entries()) {
    assert.deepEqual(event.prevIds, at === 0 ? [] : [events[at - 1]?.id]);
    assert.equal(event.depth, at + 1);
  }
  assert.equal((await bodiesSeen(parts, room, BOB)).length, 30);
});

onEachDatabase('what is refused leaves nothing behind', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const before = await countEvents(db);
  await assert.rejects(sendEvent(parts, room, draft('no', BOB), key('one')), { errcode: 'M_FORBIDDEN' });
  await assert.rejects(sendEvent(parts, room, draft('x'.repeat(66_000)), key('two')), { errcode: 'M_TOO_LARGE' });
  await assert.rejects(setState(parts, room, ALICE, 'm.room.create', { more: 1 }), { errcode: 'M_INVALID_PARAM' });
  assert.equal(await countEvents(db), before);
});

onEachDatabase('joining at the same time from two devices is joining once', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const ids = await Promise.all(Array.from({ length: 8 }, () => join(parts, room, { sender: BOB })));
  assert.equal(new Set(ids).size, 1);
  assert.equal((await currentMembership(parts, db, room, BOB))?.membership, 'join');
});
