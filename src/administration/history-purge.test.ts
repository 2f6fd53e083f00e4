import assert from 'node:assert/strict';
import { type Caller, over, withAdmin } from '../../test/support/admin-world.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, joinFrom } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say as sayIn, timelineOf } from '../../test/support/rooms.ts';
import { clearHistory } from '../rooms/clear-history.ts';

const at = encodeURIComponent;
let sent = 0;

async function say(user: Caller, room: string, body: string): Promise<string> {
  const path = `c/v3/rooms/${at(room)}/send/m.room.message/t${sent++}`;
  return String((await user.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
}

async function bodies(user: Caller, room: string): Promise<unknown[]> {
  const { chunk } = await user.ok('GET', `c/v3/rooms/${at(room)}/messages?dir=f&limit=1000`);
  return ((chunk ?? []) as unknown as { content: { body?: string } }[]).flatMap(event => event.content.body ?? []);
}

withAdmin('what was said before an event goes, and state and the rest stay', async (world, root) => {
  const alice = await world.user('alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { name: 'Hall' })).room_id);
  const first = await say(alice, room, 'one');
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/send/m.reaction/r`, {
    'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '+1' },
  });
  await say(alice, room, 'two');
  const third = await say(alice, room, 'three');
  await say(alice, room, 'four');
  const purge = async (path: string, body: Record<string, unknown>) => {
    const { purge_id: id } = await root.ok('POST', `v1/purge_history/${at(room)}${path}`, body as never);
    return over(root, `v1/purge_history_status/${id}`);
  };
  assert.equal((await purge(`/${at(third)}`, {})).status, 'complete');
  assert.deepEqual(
    await bodies(alice, room),
    ['one', 'two', 'three', 'four'],
    'what our users said is kept unless asked',
  );
  assert.equal((await purge('', { delete_local_events: true, purge_up_to_event_id: third })).status, 'complete');
  assert.deepEqual(await bodies(alice, room), ['three', 'four']);
  assert.equal((await root.ok('GET', `v1/rooms/${at(room)}`)).name, 'Hall');
  await alice.refused(404, 'M_NOT_FOUND', 'GET', `c/v3/rooms/${at(room)}/event/${at(first)}`);
  await say(alice, room, 'five');
  const soon = Date.now() + 60_000;
  await purge('', { delete_local_events: true, purge_up_to_ts: soon });
  assert.deepEqual(await bodies(alice, room), ['five'], 'the event at the end is never deleted');
  await say(alice, room, 'six');
  assert.deepEqual(await bodies(alice, room), ['five', 'six']);
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/purge_history/${at(room)}`, {});
  await root.refused(404, 'M_NOT_FOUND', 'POST', `v1/purge_history/${at(room)}/$none`, {});
  await root.refused(404, 'M_NOT_FOUND', 'POST', 'v1/purge_history/!none:one.example', { purge_up_to_ts: 1 });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/purge_history_status/none');
  await alice.refused(403, 'M_FORBIDDEN', 'POST', `v1/purge_history/${at(room)}`, { purge_up_to_ts: 1 });
});

onEachDatabase('what others said goes without asking, but not that on which the room stands', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  await accepted(parts, room, { sender: DORA });
  await sayIn(parts, room, ALICE, 'ours');
  const last = await accepted(parts, room, { sender: DORA });
  const before = (await timelineOf(parts, room)).length;
  const piece = { after: Number.MIN_SAFE_INTEGER, below: Number.MAX_SAFE_INTEGER, deleteLocal: false };
  assert.deepEqual(await clearHistory(parts, room, piece), { next: undefined, deleted: 1 });
  const left = await timelineOf(parts, room);
  assert.equal(left.length, before - 1);
  assert.equal(left.at(-1)?.event.id, last.event.id);
  assert.ok(left.some(({ event }) => event.content.body === 'ours'));
});
