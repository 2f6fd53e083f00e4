import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../test/support/http.ts';
import { newDevice } from '../../test/support/remote-devices.ts';
import { bodies, firstRooms, SlidingConnection, states } from '../../test/support/sliding.ts';
import { type Client, WholeServer } from '../../test/support/whole-server.ts';
import type { JsonObject } from '../core/json.ts';

const ON = { enabled: true };

/** As matrix-rust-sdk's room list asks for rooms. */
const REQUIRED = [
  ['m.room.name', ''],
  ['m.room.encryption', ''],
  ['m.room.member', '$LAZY'],
  ['m.room.member', '$ME'],
  ['m.room.topic', ''],
  ['m.room.avatar', ''],
  ['m.room.canonical_alias', ''],
  ['m.room.power_levels', ''],
  ['org.matrix.msc3401.call.member', '*'],
  ['m.room.join_rules', ''],
  ['m.room.tombstone', ''],
  ['m.room.create', ''],
  ['m.room.history_visibility', ''],
  ['io.element.functional_members', ''],
  ['m.space.parent', '*'],
  ['m.space.child', '*'],
  ['org.matrix.msc3672.beacon_info', '*'],
];
const ROOM_LIST: JsonObject = {
  account_data: ON,
  receipts: { enabled: true, rooms: ['*'] },
  typing: ON,
};
const ENCRYPTION: JsonObject = { to_device: ON, e2ee: ON };

function roomList(to: number, subscribed: readonly string[] = []): JsonObject {
  const subscription = { timeline_limit: 20, required_state: [...REQUIRED, ['m.room.pinned_events', '']] };
  return {
    lists: { all_rooms: { ranges: [[0, to]], timeline_limit: 1, required_state: REQUIRED, filters: {} } },
    room_subscriptions: Object.fromEntries(subscribed.map(roomId => [roomId, subscription])),
    extensions: ROOM_LIST,
  };
}

const connect = (client: Client, connId: string) =>
  new SlidingConnection({ post: (_token, path, body) => client.call('POST', path, body) }, '', connId);

async function createRoom(client: Client, body: JsonObject = { preset: 'public_chat' }): Promise<string> {
  return String((await client.ok('POST', '/v3/createRoom', body)).room_id);
}

let sent = 0;
async function say(client: Client, roomId: string, body: string): Promise<string> {
  const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${sent++}`;
  return String((await client.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
}

const read = (client: Client, roomId: string, eventId: string, type = 'm.read') =>
  client.ok('POST', `/v3/rooms/${encodeURIComponent(roomId)}/receipt/${type}/${encodeURIComponent(eventId)}`, {});

const setData = (client: Client, path: string, content: JsonObject) =>
  client.ok('PUT', `/v3/user/${encodeURIComponent(client.id)}${path}`, content);

test('Element X starts, fills its list, opens a room, and goes on after the server was restarted', async t => {
  const server = await new WholeServer(t).start();
  const { unstable_features: flags } = (await server.call('GET', '/versions', '')).body;
  assert.equal((flags as JsonObject)['org.matrix.simplified_msc3575'], true);
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const rooms: string[] = [];
  for (let at = 0; at < 25; at++) rooms.push(await createRoom(alice, { preset: 'public_chat', name: `room ${at}` }));
  const [oldest = '', second = ''] = rooms;
  await bob.ok('POST', `/v3/join/${encodeURIComponent(second)}`, {});
  const list = connect(alice, 'room-list');
  const encryption = connect(alice, 'encryption');
  const first = await list.sync(roomList(19), 'timeout=0');
  assert.deepEqual([Object.keys(first.rooms).length, first.lists?.all_rooms?.count], [20, 25]);
  assert.ok(first.extensions.account_data?.global?.some(({ type }) => type === 'm.push_rules'));
  assert.ok(states(first.rooms[second]).includes(`m.room.member ${alice.id}`));
  const keys = await encryption.sync({ extensions: ENCRYPTION }, 'timeout=30000');
  assert.deepEqual(
    [keys.rooms, keys.extensions.e2ee],
    [{}, { device_one_time_keys_count: { signed_curve25519: 0 }, device_unused_fallback_key_types: [] }],
  );
  const grown = await list.sync(roomList(99), 'timeout=0');
  assert.equal(Object.keys(grown.rooms).length, 5);
  assert.equal(grown.rooms[oldest]?.name, 'room 0');
  assert.deepEqual((await list.sync(roomList(24), 'timeout=0')).rooms, {});
  for (const text of ['one', 'two', 'three']) await say(bob, second, text);
  const { [second]: news } = (await list.sync(roomList(24), 'timeout=30000')).rooms;
  assert.deepEqual([bodies(news), news?.limited, news?.notification_count], [['three'], true, 3]);
  const { [second]: opened } = (await list.sync(roomList(24, [second]), 'timeout=30000')).rooms;
  assert.deepEqual([opened?.expanded_timeline, bodies(opened).slice(-3)], [true, ['one', 'two', 'three']]);
  await server.stop();
  await server.start();
  await say(bob, second, 'after the restart');
  const { rooms: later } = await list.sync(roomList(24, [second]), 'timeout=30000');
  assert.deepEqual([Object.keys(later), bodies(later[second])], [[second], ['after the restart']]);
  assert.deepEqual((await encryption.sync({ extensions: ENCRYPTION })).extensions.to_device?.events, []);
  await alice.ok('POST', '/v3/logout', {});
  const again = await server.call('POST', '/v3/login', '', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: 'a long password',
  });
  assert.equal(again.status, 200);
});

test('messages to devices and changed device lists come over a connection of their own', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const room = await createRoom(alice);
  const client = connect(alice, 'encryption');
  const ask = (to_device: JsonObject = ON) => client.sync({ extensions: { to_device, e2ee: ON } }, 'timeout=20');
  const first = await ask();
  await bob.ok('POST', `/v3/join/${encodeURIComponent(room)}`, {});
  assert.deepEqual((await ask()).extensions.e2ee?.device_lists, { changed: [bob.id], left: [] });
  assert.equal((await ask()).extensions.e2ee?.device_lists, undefined);
  const { device_id: deviceId } = await bob.ok('GET', '/v3/account/whoami');
  await bob.ok('POST', '/v3/keys/upload', { device_keys: newDevice(bob.id as never, String(deviceId)).keys });
  assert.deepEqual((await ask()).extensions.e2ee?.device_lists?.changed, [bob.id]);
  await bob.ok('POST', `/v3/rooms/${encodeURIComponent(room)}/leave`, {});
  assert.deepEqual((await ask()).extensions.e2ee?.device_lists, { changed: [], left: [bob.id] });
  const send = (text: string) =>
    bob.ok('PUT', `/v3/sendToDevice/org.example.note/${text}`, { messages: { [alice.id]: { '*': { text } } } });
  const texts = (events: readonly JsonObject[] = []) => events.map(event => (event.content as JsonObject).text);
  const start = first.extensions.to_device?.next_batch ?? '';
  for (const text of ['one', 'two', 'three']) await send(text);
  const waiting = await client.sync({ extensions: { to_device: { ...ON, since: start, limit: 2 } } }, 'timeout=30000');
  assert.deepEqual(texts(waiting.extensions.to_device?.events), ['one', 'two']);
  const repeated = await ask({ ...ON, since: start });
  assert.deepEqual(texts(repeated.extensions.to_device?.events), ['one', 'two', 'three'], 'until it is acknowledged');
  const since = repeated.extensions.to_device?.next_batch ?? '';
  assert.deepEqual((await ask({ ...ON, since })).extensions.to_device?.events, []);
  assert.deepEqual((await ask()).extensions.to_device?.events, [], 'what was acknowledged is deleted');
  assert.deepEqual(await refusal(client.request({ extensions: { to_device: { ...ON, since: 'x' } } })), [
    400,
    'M_INVALID_PARAM',
  ]);
  const woken = client.sync({ extensions: { to_device: { ...ON, since } } }, 'timeout=30000');
  await send('four');
  assert.deepEqual(texts((await woken).extensions.to_device?.events), ['four']);
});

test('account data, receipts, typing and unread counts follow the rooms that the client has', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const [room, other] = [await createRoom(alice), await createRoom(alice)];
  await bob.ok('POST', `/v3/join/${encodeURIComponent(room)}`, {});
  const inRoom = (roomId: string) => `/rooms/${encodeURIComponent(roomId)}`;
  await setData(alice, `${inRoom(room)}/account_data/org.example.note`, { text: 'room' });
  await setData(alice, `${inRoom(other)}/account_data/org.example.note`, { text: 'other' });
  await setData(alice, '/account_data/org.example.global', {});
  const hello = await say(bob, room, 'hello');
  await read(bob, room, hello);
  const client = connect(alice, 'room-list');
  const ask = (count = 1, extensions: JsonObject = ROOM_LIST) =>
    client.sync({ ...firstRooms(count), extensions }, 'timeout=20');
  const first = (await ask()).extensions;
  assert.ok(first.account_data?.global?.some(({ type }) => type === 'org.example.global'));
  assert.deepEqual(Object.keys(first.account_data?.rooms ?? {}), [room], 'of the room in the list alone');
  const receipt = (extensions: typeof first, roomId = room) =>
    Object.keys(extensions.receipts?.rooms?.[roomId]?.content ?? {});
  assert.deepEqual(receipt(first), [hello], 'that at the event shown');
  assert.deepEqual((await ask()).extensions, { account_data: {}, receipts: {}, typing: {} });
  const both = (await ask(2)).extensions;
  assert.deepEqual(Object.keys(both.account_data?.rooms ?? {}), [other]);
  await setData(alice, `${inRoom(room)}/account_data/org.example.note`, { text: 'new' });
  await setData(alice, '/account_data/org.example.global', { text: 'new' });
  const changed = (await ask(2)).extensions.account_data;
  assert.deepEqual([changed?.global?.length, Object.keys(changed?.rooms ?? {})], [1, [room]]);
  const next = await say(bob, room, 'next');
  await read(bob, room, next);
  const told = await ask(2);
  assert.deepEqual([receipt(told.extensions), told.rooms[room]?.notification_count], [[next], 2]);
  await read(alice, room, next);
  const own = await ask(2);
  assert.deepEqual(own.rooms, { [room]: { notification_count: 0, highlight_count: 0 } });
  assert.deepEqual(receipt(own.extensions), [next]);
  const last = await say(bob, room, 'last');
  await ask(2);
  await read(alice, room, last, 'm.read.private');
  const hidden = await ask(2);
  assert.deepEqual([hidden.rooms[room]?.notification_count, receipt(hidden.extensions)], [0, [last]]);
  const typing = (is: boolean) =>
    bob.ok('PUT', `/v3${inRoom(room)}/typing/${encodeURIComponent(bob.id)}`, { typing: is, timeout: 30_000 });
  await typing(true);
  assert.deepEqual((await ask(2)).extensions.typing?.rooms, {
    [room]: { type: 'm.typing', content: { user_ids: [bob.id] } },
  });
  await typing(false);
  assert.deepEqual((await ask(2)).extensions.typing?.rooms?.[room]?.content, { user_ids: [] });
  assert.deepEqual((await ask(2, {})).extensions, {}, 'extensions that are not asked for say nothing');
  const back = (await ask(2)).extensions;
  assert.deepEqual(Object.keys(back.account_data?.rooms ?? {}).toSorted(), [room, other].toSorted());
  assert.deepEqual(receipt(back).toSorted(), [last, next].toSorted(), 'what may have been missed is told again');
  const none = await ask(2, { account_data: { ...ON, lists: [], rooms: [other] } });
  await setData(alice, `${inRoom(room)}/account_data/org.example.note`, { text: 'unwanted' });
  await setData(alice, `${inRoom(other)}/account_data/org.example.note`, { text: 'wanted' });
  const some = await ask(2, { account_data: { ...ON, lists: [], rooms: [other] } });
  assert.deepEqual([none.rooms, Object.keys(some.extensions.account_data?.rooms ?? {})], [{}, [other]]);
});

test('a room that the user leaves is told once and counted no more; the client asks by the same rules', async t => {
  const server = await new WholeServer(t).start();
  const alice = await server.user('alice');
  const [room, other] = [await createRoom(alice), await createRoom(alice)];
  const client = connect(alice, 'room-list');
  assert.deepEqual(Object.keys((await client.sync(roomList(19))).rooms).toSorted(), [room, other].toSorted());
  await alice.ok('POST', `/v3/rooms/${encodeURIComponent(room)}/leave`, {});
  const told = await client.sync(roomList(19));
  assert.deepEqual([told.rooms[room]?.membership, told.lists?.all_rooms?.count], ['leave', 2]);
  await say(alice, other, 'on we go');
  const after = await client.sync(roomList(19));
  assert.deepEqual([Object.keys(after.rooms), after.lists?.all_rooms?.count], [[other], 1]);
});
