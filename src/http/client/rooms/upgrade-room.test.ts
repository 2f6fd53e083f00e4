import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { RoomId, UserId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { append } from '../../../rooms/append.ts';

const ALICE = '@alice:one.example';
const BOB = '@bob:one.example';
const CAROL = '@carol:one.example';
const DAVE = '@dave:one.example';

async function upgrade(api: RoomApi, who: string, room: string, body: JsonObject): Promise<string> {
  return String((await api.ok(api.post(who, `/v3/rooms/${room}/upgrade`, body))).replacement_room);
}

function state(api: RoomApi, who: string, room: string, type: string, key = ''): Promise<JsonObject> {
  return api.ok(api.get(who, `/v3/rooms/${room}/state/${type}/${encodeURIComponent(key)}`));
}

onEachDatabase('a room goes on in another with its name, rules, bans and aliases', async (db, t) => {
  const api = new RoomApi(db, t);
  const old = await api.create('alice', {
    preset: 'public_chat',
    room_version: '10',
    visibility: 'public',
    room_alias_name: 'grove',
    name: 'Grove',
    topic: 'Trees',
    creation_content: { type: 'm.space', 'm.federate': false, other: 1 },
  });
  await api.join('bob', old);
  await api.setState('alice', old, 'm.room.server_acl', { allow: ['*'], deny: ['evil.example'] });
  await api.setState('alice', old, 'm.space.child', { via: ['one.example'] }, '!child:one.example');
  await api.setState('alice', old, 'm.space.child', {}, '!gone:one.example');
  await api.setState('alice', old, 'org.example.custom', { a: 1 });
  await api.ok(api.post('alice', `/v3/rooms/${old}/ban`, { user_id: CAROL, reason: 'spam' }));

  const room = await upgrade(api, 'alice', old, { new_version: '11' });
  const create = await state(api, 'alice', room, 'm.room.create');
  const { event_id: last, ...predecessor } = create.predecessor as JsonObject;
  assert.deepEqual(
    { ...create, predecessor },
    {
      type: 'm.space',
      'm.federate': false,
      predecessor: { room_id: old },
      room_version: '11',
    },
  );
  assert.equal((await api.ok(api.get('alice', `/v3/rooms/${old}/event/${String(last)}`))).state_key, CAROL);
  assert.deepEqual(await state(api, 'alice', room, 'm.room.name'), { name: 'Grove' });
  assert.equal((await state(api, 'alice', room, 'm.room.topic')).topic, 'Trees');
  assert.deepEqual(await state(api, 'alice', room, 'm.room.join_rules'), { join_rule: 'public' });
  assert.deepEqual((await state(api, 'alice', room, 'm.room.server_acl')).deny, ['evil.example']);
  assert.deepEqual(await state(api, 'alice', room, 'm.space.child', '!child:one.example'), { via: ['one.example'] });
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/state/m.space.child/!gone:one.example`)), [
    404,
    'M_NOT_FOUND',
  ]);
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/state/org.example.custom`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await state(api, 'alice', room, 'm.room.member', CAROL), { membership: 'ban', reason: 'spam' });
  assert.deepEqual(await refusal(api.post('carol', `/v3/join/${room}`)), [403, 'M_FORBIDDEN']);

  // The names moved.
  assert.equal((await api.ok(api.get('bob', '/v3/directory/room/%23grove:one.example'))).room_id, room);
  assert.deepEqual(await state(api, 'alice', room, 'm.room.canonical_alias'), { alias: '#grove:one.example' });
  assert.deepEqual(await state(api, 'alice', old, 'm.room.canonical_alias'), {});
  assert.deepEqual(await api.ok(api.get('bob', `/v3/directory/list/room/${old}`)), { visibility: 'private' });
  assert.deepEqual(await api.ok(api.get('bob', `/v3/directory/list/room/${room}`)), { visibility: 'public' });

  // The old room is closed.
  const tombstone = { body: 'This room has been replaced', replacement_room: room };
  assert.deepEqual(await state(api, 'bob', old, 'm.room.tombstone'), tombstone);
  const levels = await state(api, 'alice', old, 'm.room.power_levels');
  assert.deepEqual([levels.events_default, levels.invite], [50, 50]);
  assert.deepEqual(
    await refusal(api.put('bob', `/v3/rooms/${old}/send/m.room.message/1`, { msgtype: 'm.text', body: 'x' })),
    [403, 'M_FORBIDDEN'],
  );
  const carried = await state(api, 'alice', room, 'm.room.power_levels');
  assert.deepEqual([carried.events_default, carried.invite], [0, 50]);
  // Nobody is taken along; but everybody can follow.
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), [403, 'M_FORBIDDEN']);
  await api.join('bob', room);
});

onEachDatabase('creators stand above the levels in one version and among them in another', async (db, t) => {
  const api = new RoomApi(db, t);
  const old = await api.create('alice', {
    preset: 'public_chat',
    room_version: '9',
    power_level_content_override: { users: { [ALICE]: 100, [BOB]: 100, [DAVE]: 50 }, users_default: 5 },
  });
  // As nobody of ours can write them any more.
  const levels = await state(api, 'alice', old, 'm.room.power_levels');
  const content = { ...levels, users: { [ALICE]: '100', [BOB]: 100, [DAVE]: 50 }, users_default: ' 5 ' };
  const room = await api.rooms.rooms.get(db, old as RoomId);
  await db.tx(tx =>
    append(api.rooms, tx, room, { type: 'm.room.power_levels', stateKey: '', sender: ALICE as UserId, content }),
  );
  await api.join('bob', old);
  const twelve = await upgrade(api, 'bob', old, { new_version: '12', additional_creators: [DAVE, BOB] });
  const create = await state(api, 'bob', twelve, 'm.room.create');
  assert.deepEqual(create, { predecessor: { room_id: old }, room_version: '12', additional_creators: [DAVE] });
  const carried = await state(api, 'bob', twelve, 'm.room.power_levels');
  assert.deepEqual([carried.users, carried.users_default], [{ [ALICE]: 100 }, 5]);
  assert.equal((carried.events as JsonObject)['m.room.tombstone'], 150);
  const alone = await upgrade(api, 'alice', await api.create('alice', {}), { new_version: '12' });
  assert.equal((await state(api, 'alice', alone, 'm.room.create')).additional_creators, undefined);
  // An administrator is not enough any more.
  await api.join('alice', twelve);
  assert.deepEqual(await refusal(api.post('alice', `/v3/rooms/${twelve}/upgrade`, { new_version: '12' })), [
    403,
    'M_FORBIDDEN',
  ]);
  const eleven = await upgrade(api, 'bob', twelve, { new_version: '11', additional_creators: [DAVE] });
  assert.equal((await state(api, 'bob', eleven, 'm.room.create')).additional_creators, undefined);
  assert.deepEqual((await state(api, 'bob', eleven, 'm.room.power_levels')).users, { [ALICE]: 100, [BOB]: 150 });
  await upgrade(api, 'bob', eleven, { new_version: '12' });
});

onEachDatabase('N164 who may not replace a room is told so, and nothing happens', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', room_version: '11' });
  await api.join('bob', room);
  const ask = (who: string, body: JsonObject, as = {}) => refusal(api.post(who, `/v3/rooms/${room}/upgrade`, body, as));
  assert.deepEqual(await ask('bob', { new_version: '12' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await ask('carol', { new_version: '12' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await ask('alice', { new_version: '99' }), [400, 'M_UNSUPPORTED_ROOM_VERSION']);
  assert.deepEqual(await ask('alice', { new_version: 12 }), [400, 'M_BAD_JSON']);
  assert.deepEqual(await ask('alice', { new_version: '12', additional_creators: ['dave'] }), [400, 'M_INVALID_PARAM']);
  const many = Array.from({ length: 101 }, (_, at) => `@u${at}:one.example`);
  assert.deepEqual(await ask('alice', { new_version: '12', additional_creators: many }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await ask('alice', { new_version: '12' }, { isSuspended: true }), [403, 'M_USER_SUSPENDED']);
  assert.deepEqual(await api.ok(api.get('alice', '/v3/joined_rooms')), { joined_rooms: [room] });
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/state/m.room.tombstone`)), [404, 'M_NOT_FOUND']);
});

onEachDatabase('a moderator replaces a room as far as the power goes', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', {
    preset: 'public_chat',
    room_version: '11',
    room_alias_name: 'glade',
    power_level_content_override: {
      users: { [ALICE]: 100, [BOB]: 50 },
      events: { 'm.room.tombstone': 50, 'm.room.power_levels': 100, 'm.room.canonical_alias': 100 },
    },
  });
  await api.join('bob', room);
  const next = await upgrade(api, 'bob', room, { new_version: '11' });
  // What bob may not change stays as it was in the old room; the new one has the same levels, bob's too.
  assert.equal((await state(api, 'bob', room, 'm.room.power_levels')).events_default, 0);
  assert.deepEqual(await state(api, 'bob', room, 'm.room.canonical_alias'), { alias: '#glade:one.example' });
  assert.deepEqual((await state(api, 'bob', next, 'm.room.power_levels')).users, { [ALICE]: 100, [BOB]: 50 });
  const denied = api.put('bob', `/v3/rooms/${next}/state/m.room.canonical_alias`, { alias: '#glade:one.example' });
  assert.equal((await api.ok(api.get('bob', '/v3/directory/room/%23glade:one.example'))).room_id, next);
  assert.deepEqual(await refusal(denied), [200, undefined]);
});

onEachDatabase('N164 two clicks make one room', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', room_version: '11' });
  const rooms = await Promise.all([1, 2].map(() => upgrade(api, 'alice', room, { new_version: '12' })));
  assert.equal(new Set(rooms).size, 1);
  assert.equal(((await api.ok(api.get('alice', '/v3/joined_rooms'))).joined_rooms as unknown[]).length, 2);
});

onEachDatabase('rules that a version does not know are closed doors', async (db, t) => {
  const api = new RoomApi(db, t);
  const old = await api.create('alice', { room_version: '11' });
  const allow = [{ type: 'm.room_membership', room_id: '!space:one.example' }];
  await api.setState('alice', old, 'm.room.join_rules', { join_rule: 'restricted', allow });
  const nine = await upgrade(api, 'alice', old, { new_version: '9' });
  assert.deepEqual(await state(api, 'alice', nine, 'm.room.join_rules'), { join_rule: 'restricted', allow });
  const six = await upgrade(api, 'alice', nine, { new_version: '6' });
  assert.deepEqual(await state(api, 'alice', six, 'm.room.join_rules'), { join_rule: 'invite' });
});
