import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { ALICE, BOB, viewOf } from '../../../../test/support/rooms.ts';
import { mutualRooms } from '../../../rooms/mutual-rooms.ts';

onEachDatabase('two users see which rooms they share, page by page', async (db, t) => {
  const api = new RoomApi(db, t);
  const ask = (who: string, query: string) => api.get(who, `/v1/mutual_rooms?${query}`);
  const shared: string[] = [];
  for (let at = 0; at < 4; at++) {
    const room = await api.create('alice', { preset: 'public_chat', room_version: '11' });
    await api.join('bob', room);
    shared.push(room);
  }
  const alone = await api.create('alice', { preset: 'public_chat' });
  await api.ok(api.post('alice', `/v3/rooms/${alone}/invite`, { user_id: '@bob:one.example' }));
  await api.ok(api.post('bob', `/v3/rooms/${shared[0]}/leave`));
  const first = await api.ok(ask('alice', 'user_id=@bob:one.example'));
  assert.deepEqual(first, { joined: shared.slice(1), count: 3 });
  const old = '/unstable/uk.half-shot.msc2666/user/mutual_rooms?user_id=@alice:one.example';
  assert.deepEqual(await api.ok(api.get('bob', old)), { joined: shared.slice(1), count: 3 });
  const alice = await viewOf(api.rooms, ALICE);
  const page = (from?: string) => mutualRooms(api.rooms, db, alice, { other: BOB, from, limit: 2 });
  const { rooms, next } = await page();
  assert.deepEqual(rooms, shared.slice(1, 3));
  const after = await api.ok(ask('alice', `user_id=@bob:one.example&from=${next}`));
  assert.deepEqual(after, { joined: shared.slice(3), count: 3 });
  assert.deepEqual(await api.ok(api.get('bob', `${old}&batch_token=${next}`)), after);
  assert.deepEqual(await page(next), { rooms: shared.slice(3), count: 3, next: undefined });

  assert.deepEqual(await api.ok(ask('carol', 'user_id=@bob:one.example')), { joined: [], count: 0 });
  assert.deepEqual(await api.ok(ask('alice', 'user_id=@nobody:two.example')), { joined: [], count: 0 });
  for (const query of ['user_id=@alice:one.example', 'user_id=bob', 'user_id=@bob:one.example&from=x'])
    assert.deepEqual(await refusal(ask('alice', query)), [400, 'M_INVALID_PARAM'], query);
  assert.deepEqual(await refusal(ask('alice', '')), [400, 'M_MISSING_PARAM']);
});

onEachDatabase(
  'a world readable room is read by those who are not in it, and by nobody else’s leave',
  async (db, t) => {
    const api = new RoomApi(db, t);
    const room = await api.create('alice', { preset: 'private_chat' });
    await api.say('alice', room, 'secret');
    const reads = [
      `/v3/rooms/${room}/messages?dir=b`,
      `/v3/rooms/${room}/state`,
      `/v3/rooms/${room}/state/m.room.name`,
      `/v3/rooms/${room}/members`,
      `/v3/rooms/${room}/aliases`,
    ];
    for (const path of reads) assert.deepEqual(await refusal(api.get('bob', path)), [403, 'M_FORBIDDEN'], path);
    await api.setState('alice', room, 'm.room.history_visibility', { history_visibility: 'world_readable' });
    await api.setState('alice', room, 'm.room.name', { name: 'Window' });
    const said = await api.say('alice', room, 'open');
    for (const path of reads) assert.equal((await api.get('bob', path)).status, 200, path);
    const { chunk } = await api.ok(api.get('bob', `/v3/rooms/${room}/messages?dir=b&limit=50`));
    // What was said before the room was opened stays among its members.
    assert.deepEqual(RoomApi.bodies(chunk), ['open']);
    assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), { name: 'Window' });
    assert.equal((await api.get('bob', `/v3/rooms/${room}/event/${said}`)).status, 200);
    assert.equal((await api.get('bob', `/v3/rooms/${room}/context/${said}`)).status, 200);
    assert.deepEqual(
      await refusal(api.put('bob', `/v3/rooms/${room}/send/m.room.message/1`, { msgtype: 'm.text', body: 'x' })),
      [403, 'M_FORBIDDEN'],
    );
    await api.setState('alice', room, 'm.room.history_visibility', { history_visibility: 'shared' });
    for (const path of reads) assert.deepEqual(await refusal(api.get('bob', path)), [403, 'M_FORBIDDEN'], path);
  },
);
