import assert from 'node:assert/strict';
import { type Caller, withAdmin } from '../../../../test/support/admin-world.ts';

const at = encodeURIComponent;

withAdmin('reports of events, rooms and users are listed, shown and taken away', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const wanted = { preset: 'public_chat', name: 'Hall', room_alias_name: 'hall' };
  const room = String((await alice.ok('POST', 'c/v3/createRoom', wanted)).room_id);
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  const body = { msgtype: 'm.text', body: 'rude' };
  const rude = String((await bob.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/1`, body)).event_id);
  const report = (path: string, reason: string, by: Caller) => by.ok('POST', `c/v3/${path}`, { reason });
  await report(`rooms/${at(room)}/report/${at(rude)}`, 'insult', alice);
  await report(`rooms/${at(room)}/report/${at(rude)}`, 'mine', bob);
  await report(`rooms/${at(room)}/report`, 'noise', alice);
  await report(`users/${bob.id}/report`, 'pest', alice);
  const events = await root.ok('GET', 'v1/event_reports');
  const [newest, oldest] = events.event_reports as unknown as { id: number; received_ts: number }[];
  assert.equal(events.total, 2);
  assert.deepEqual(oldest, {
    id: oldest?.id,
    received_ts: oldest?.received_ts,
    room_id: room,
    name: 'Hall',
    canonical_alias: '#hall:one.example',
    event_id: rude,
    sender: bob.id,
    user_id: alice.id,
    reason: 'insult',
    score: null,
  });
  assert.ok(Math.abs(Number(oldest?.received_ts) - Date.now()) < 60_000);
  const ids = async (query: string) =>
    ((await root.ok('GET', `v1/event_reports?${query}`)).event_reports as unknown as { id: number }[]).map(
      one => one.id,
    );
  assert.deepEqual(await ids('dir=f'), [oldest?.id, newest?.id]);
  assert.deepEqual(await ids(`user_id=${alice.id}`), [oldest?.id]);
  assert.deepEqual(await ids('user_id=alic'), [oldest?.id], 'a part of it');
  assert.deepEqual(await ids('user_id=al_ce'), [], 'no pattern');
  assert.deepEqual(await ids(`event_sender_user_id=${alice.id}`), []);
  assert.deepEqual(await ids(`event_sender_user_id=${bob.id}`), [newest?.id, oldest?.id]);
  assert.deepEqual(await ids('event_sender_user_id=bob'), [], 'a part is nobody');
  assert.deepEqual(await ids(`room_id=${at(room)}`), [newest?.id, oldest?.id]);
  assert.deepEqual(await ids(`room_id=${at(room.slice(1, 9))}`), [newest?.id, oldest?.id]);
  const none = await root.ok('GET', 'v1/event_reports?limit=0');
  assert.deepEqual([none.event_reports, none.total, none.next_token], [[], 2, undefined]);
  assert.deepEqual(await ids('limit=1&from=1'), [oldest?.id]);
  assert.equal((await root.ok('GET', 'v1/event_reports?limit=1')).next_token, 1);
  const shown = await root.ok('GET', `v1/event_reports/${oldest?.id}`);
  assert.deepEqual([shown.reason, shown.event_json?.content], ['insult', body]);
  const [ofUser] = (await root.ok('GET', `v1/user_reports?target_user_id=${bob.id}`)).user_reports as unknown as {
    id: number;
  }[];
  assert.equal((await root.ok('GET', 'v1/user_reports?target_user_id=bob&user_id=alice')).total, 1);
  const detail = await root.ok('GET', `v1/user_reports/${ofUser?.id}`);
  assert.deepEqual([detail.target_user_id, detail.user_id, detail.reason], [bob.id, alice.id, 'pest']);
  assert.deepEqual(await root.ok('GET', `v1/user_reports?target_user_id=${alice.id}`), { user_reports: [], total: 0 });
  const { room_reports: ofRooms } = await root.ok('GET', 'v1/room_reports');
  assert.deepEqual([ofRooms?.[0]?.room_id, ofRooms?.[0]?.reason], [room, 'noise']);
  const paths = [`event_reports/${oldest?.id}`, `user_reports/${ofUser?.id}`, `room_reports/${ofRooms?.[0]?.id}`];
  for (const path of paths) {
    await alice.refused(403, 'M_FORBIDDEN', 'DELETE', `v1/${path}`);
    assert.deepEqual(await root.ok('DELETE', `v1/${path}`), {});
    await root.refused(404, 'M_NOT_FOUND', 'GET', `v1/${path}`);
    await root.refused(404, 'M_NOT_FOUND', 'DELETE', `v1/${path}`);
  }
  await root.refused(404, 'M_NOT_FOUND', 'GET', `v1/user_reports/${newest?.id}`);
  await root.refused(400, 'M_INVALID_PARAM', 'GET', 'v1/event_reports/first');
  assert.deepEqual(await ids(''), [newest?.id]);
});
