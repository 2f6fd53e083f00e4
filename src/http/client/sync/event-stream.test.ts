import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

type Event = JsonObject & { readonly type: string; readonly room_id: string; readonly content: JsonObject };
interface RoomInfo {
  readonly room_id: string;
  readonly membership: string;
  readonly visibility?: string;
  readonly invite?: Event;
  readonly messages: { readonly chunk: Event[]; readonly start: string; readonly end: string };
  readonly state: Event[];
}
interface Initial extends JsonObject {
  readonly end: string;
  readonly rooms: RoomInfo[] & JsonObject[];
}
interface Stream extends JsonObject {
  readonly start: string;
  readonly end: string;
  readonly chunk: Event[] & JsonObject[];
}

const initial = async (api: RoomApi, user: string, query = '') =>
  (await api.ok(api.get(user, `/v3/initialSync${query}`))) as Initial;
const events = async (api: RoomApi, user: string, query: string) =>
  (await api.ok(api.get(user, `/v3/events?${query}`))) as Stream;

onEachDatabase('old clients are shown all their rooms at once, with the latest messages', async (db, t) => {
  const api = new RoomApi(db, t);
  const open = await api.create('alice', { preset: 'public_chat', visibility: 'public', name: 'Grove' });
  for (const body of ['one', 'two', 'three']) await api.say('alice', open, body);
  const closed = await api.create('bob', { preset: 'private_chat', invite: ['@alice:one.example'] });
  const left = await api.create('alice');
  await api.ok(api.post('alice', `/v3/rooms/${left}/leave`));
  const { rooms, presence } = await initial(api, 'alice', '?limit=2');
  assert.deepEqual(presence, []);
  assert.deepEqual(
    rooms.map(room => [room.room_id, room.membership]).toSorted(),
    [
      [open, 'join'],
      [closed, 'invite'],
    ].toSorted(),
  );
  const grove = rooms.find(room => room.room_id === open) ?? assert.fail();
  assert.equal(grove.visibility, 'public');
  assert.deepEqual(RoomApi.bodies(grove.messages.chunk), ['two', 'three']);
  const names = grove.state.filter(event => event.type === 'm.room.name');
  assert.deepEqual(
    names.map(event => [event.room_id, event.content.name]),
    [[open, 'Grove']],
  );
  const earlier = await api.ok(
    api.get('alice', `/v3/rooms/${open}/messages?dir=b&limit=1&from=${grove.messages.start}`),
  );
  assert.deepEqual(RoomApi.bodies(earlier.chunk), ['one']);
  await api.say('alice', open, 'four');
  const later = await api.ok(api.get('alice', `/v3/rooms/${open}/messages?dir=f&from=${grove.messages.end}`));
  assert.deepEqual(RoomApi.bodies(later.chunk), ['four']);
  const invite = rooms.find(room => room.room_id === closed)?.invite ?? assert.fail();
  assert.deepEqual(
    [invite.type, invite.state_key, invite.sender],
    ['m.room.member', '@alice:one.example', '@bob:one.example'],
  );
  assert.ok(String(invite.event_id).startsWith('$') && Number(invite.origin_server_ts) > 0);
  const all = await initial(api, 'alice', '?archived=true');
  assert.equal(all.rooms.find(room => room.room_id === left)?.membership, 'leave');
  assert.deepEqual(await refusal(api.get('', '/v3/initialSync')), [401, 'M_MISSING_TOKEN']);
  assert.deepEqual((await initial(api, 'carol')).rooms, []);
});

onEachDatabase('old clients follow all their rooms in one stream', async (db, t) => {
  const api = new RoomApi(db, t);
  const [one, two] = [await api.create('alice'), await api.create('alice')];
  const { end } = await initial(api, 'alice');
  assert.deepEqual((await events(api, 'alice', `from=${end}&timeout=0`)).chunk, []);
  const waiting = events(api, 'alice', `from=${end}&timeout=30000`);
  await api.say('bob', await api.create('bob', { preset: 'private_chat' }), 'elsewhere');
  await api.say('alice', one, 'first');
  const told = await waiting;
  assert.deepEqual(
    told.chunk.map(event => [event.room_id, event.content.body]),
    [[one, 'first']],
  );
  assert.equal(told.start, end);
  await api.say('alice', two, 'second');
  const both = await events(api, 'alice', `from=${end}&timeout=0`);
  assert.deepEqual(RoomApi.bodies(both.chunk).toSorted(), ['first', 'second']);
  const next = await events(api, 'alice', `from=${told.end}&timeout=0`);
  assert.deepEqual(RoomApi.bodies(next.chunk), ['second']);
  const invited = await api.create('bob', { preset: 'private_chat', invite: ['@alice:one.example'] });
  const { chunk } = await events(api, 'alice', `from=${next.end}&timeout=0`);
  assert.deepEqual(
    chunk.map(event => [event.room_id, event.content.membership]),
    [[invited, 'invite']],
  );
  const now = await events(api, 'alice', 'timeout=0');
  assert.deepEqual(now.chunk, [], 'without a token: from now on');
  await api.say('alice', two, 'third');
  assert.deepEqual(RoomApi.bodies((await events(api, 'alice', `from=${now.end}&timeout=0`)).chunk), ['third']);
  assert.deepEqual(await refusal(api.get('alice', '/v3/events?from=x')), [400, 'M_INVALID_PARAM']);
});
