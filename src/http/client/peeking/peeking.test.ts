import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

const READABLE = { history_visibility: 'world_readable' };

onEachDatabase('a room is told in one piece to members, and to all where the world may read', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat', name: 'Grove' });
  const path = `/v3/rooms/${room}/initialSync`;
  for (const body of ['one', 'two', 'three']) await api.say('alice', room, body);
  const told = await api.ok(api.get('alice', `${path}?limit=2`));
  const { chunk, start, end } = told.messages as JsonObject;
  assert.deepEqual(RoomApi.bodies(chunk), ['two', 'three']);
  assert.deepEqual([told.room_id, told.membership, told.visibility], [room, 'join', 'private']);
  assert.deepEqual(told.account_data, [{ type: 'org.example.mine', content: {} }]);
  const names = (told.state as JsonObject[]).filter(({ type }) => type === 'm.room.name');
  assert.deepEqual(
    names.map(({ content }) => content),
    [{ name: 'Grove' }],
  );
  const before = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=1&from=${String(start)}`));
  assert.deepEqual(RoomApi.bodies(before.chunk), ['one']);
  await api.say('alice', room, 'four');
  const after = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=f&from=${String(end)}`));
  assert.deepEqual(RoomApi.bodies(after.chunk), ['four']);

  assert.deepEqual(await refusal(api.get('bob', path)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.get('bob', '/v3/rooms/!none:x/initialSync')), [403, 'M_FORBIDDEN']);
  await api.setState('alice', room, 'm.room.history_visibility', READABLE);
  await api.say('alice', room, 'for all');
  const peeked = await api.ok(api.get('bob', path));
  assert.deepEqual(RoomApi.bodies((peeked.messages as JsonObject).chunk), ['for all']);
  assert.equal(peeked.membership, undefined);
});

onEachDatabase('a room is followed from outside while the world may read it', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.setState('alice', room, 'm.room.history_visibility', READABLE);
  const follow = (query: string) => api.get('bob', `/v3/events?room_id=${room}${query}`);
  const { messages } = await api.ok(api.get('bob', `/v3/rooms/${room}/initialSync`));
  const from = String((messages as JsonObject).end);
  assert.deepEqual(await api.ok(follow(`&from=${from}&timeout=0`)), { start: from, end: from, chunk: [] });
  const waiting = api.ok(follow(`&from=${from}&timeout=30000`));
  await api.say('alice', await api.create('alice'), 'elsewhere');
  await api.say('alice', room, 'here');
  const told = await waiting;
  assert.deepEqual(RoomApi.bodies(told.chunk), ['here']);
  assert.deepEqual(RoomApi.bodies((await api.ok(follow(`&from=${String(told.end)}&timeout=0`))).chunk), []);
  await api.say('alice', room, 'again');
  const both = await api.ok(follow(`&from=${from}&timeout=0`));
  assert.deepEqual(RoomApi.bodies(both.chunk), ['here', 'again']);

  assert.deepEqual(await refusal(follow('&from=x')), [400, 'M_INVALID_PARAM']);
  const closing = follow(`&timeout=30000`);
  await api.setState('alice', room, 'm.room.history_visibility', { history_visibility: 'joined' });
  assert.deepEqual(await refusal(closing), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(follow('&timeout=0')), [403, 'M_FORBIDDEN']);
});

onEachDatabase('an event is found by its ID alone by those who may see it', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat' });
  const id = await api.say('alice', room, 'hello');
  const path = `/v3/events/${encodeURIComponent(id)}`;
  const event = await api.ok(api.get('alice', path));
  assert.deepEqual([event.event_id, event.room_id], [id, room]);
  for (const call of [api.get('bob', path), api.get('alice', '/v3/events/$none')])
    assert.deepEqual(await refusal(call), [404, 'M_NOT_FOUND']);
  await api.ok(api.post('alice', `/v3/rooms/${room}/leave`));
  assert.equal((await api.ok(api.get('alice', path))).event_id, id);
  await api.ok(api.post('alice', `/v3/rooms/${room}/forget`));
  assert.deepEqual(await refusal(api.get('alice', path)), [404, 'M_NOT_FOUND'], 'what is forgotten is not told');
});
