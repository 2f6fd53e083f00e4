import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

onEachDatabase('createRoom fills the room as asked, and the preset follows the visibility', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', {
    visibility: 'public',
    room_alias_name: 'grove',
    name: 'Grove',
    topic: 'Trees',
    invite: ['@bob:one.example'],
    is_direct: true,
    creation_content: { type: 'm.space', room_version: 'bogus' },
    initial_state: [
      { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } },
      { type: 'm.room.topic', state_key: '', content: { topic: 'Shenanigans' } },
    ],
    power_level_content_override: { kick: 60 },
  });
  const state = (type: string, key = '') => api.ok(api.get('alice', `/v3/rooms/${room}/state/${type}/${key}`));
  assert.deepEqual(await state('m.room.name'), { name: 'Grove' });
  assert.deepEqual(await state('m.room.topic'), { topic: 'Trees', 'm.topic': { 'm.text': [{ body: 'Trees' }] } });
  assert.deepEqual(await state('m.room.canonical_alias'), { alias: '#grove:one.example' });
  assert.deepEqual(await state('m.room.history_visibility'), { history_visibility: 'joined' });
  assert.deepEqual(await state('m.room.join_rules'), { join_rule: 'public' });
  assert.deepEqual(await state('m.room.create'), { type: 'm.space', room_version: '12' });
  const { kick, invite } = await state('m.room.power_levels');
  assert.deepEqual([kick, invite], [60, 50], 'into a public room its moderators invite');
  assert.deepEqual(await state('m.room.member', '@bob:one.example'), {
    membership: 'invite',
    is_direct: true,
    displayname: 'BOB',
  });
  const quiet = await api.create('alice', {});
  const rule = await api.ok(api.get('alice', `/v3/rooms/${quiet}/state/m.room.join_rules`));
  assert.deepEqual(rule, { join_rule: 'invite' });
  const levels = await api.ok(api.get('alice', `/v3/rooms/${quiet}/state/m.room.power_levels`));
  assert.equal(levels.invite, 0);
});

onEachDatabase('creators alone replace a room, whatever other levels the client wants', async (db, t) => {
  const api = new RoomApi(db, t);
  for (const [room_version, override, level] of [
    ['12', {}, 150],
    ['12', { events: { 'org.example.call': 0 } }, 150],
    ['12', { state_default: 200 }, 201],
    ['12', { state_default: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
    ['12', { events: { 'm.room.tombstone': 60 } }, 60],
    ['11', {}, 100],
    ['11', { events: { 'org.example.call': 0 } }, undefined],
  ] as [string, JsonObject, number | undefined][]) {
    const room = await api.create('alice', { room_version, power_level_content_override: override });
    const { events } = await api.ok(api.get('alice', `/v3/rooms/${room}/state/m.room.power_levels`));
    const { 'm.room.tombstone': tombstone, 'org.example.call': call } = events as JsonObject;
    const { 'org.example.call': wanted } = (override.events ?? {}) as JsonObject;
    assert.deepEqual([tombstone, call], [level, wanted], `${room_version} ${JSON.stringify(override)}`);
  }
  const broken = api.post('alice', '/v3/createRoom', { power_level_content_override: { events: 5 } });
  assert.deepEqual(await refusal(broken), [400, 'M_BAD_JSON']);
});

onEachDatabase('N165: createRoom refuses what is too much or malformed, and leaves nothing behind', async (db, t) => {
  const api = new RoomApi(db, t);
  await api.create('alice', { room_alias_name: 'taken' });
  const many = (count: number) => Array.from({ length: count }, (_, i) => `@user${i}:one.example`);
  const cases: [JsonObject, number, string][] = [
    [{ invite: many(101) }, 400, 'M_INVALID_PARAM'],
    [{ invite: many(10_000) }, 400, 'M_INVALID_PARAM'],
    [{ invite: ['bob'] }, 400, 'M_INVALID_PARAM'],
    [{ invite: 'bob' }, 400, 'M_BAD_JSON'],
    [{ creation_content: { additional_creators: many(10_000) } }, 400, 'M_INVALID_PARAM'],
    [{ creation_content: { additional_creators: ['@foo:example.com', 42] } }, 400, 'M_INVALID_PARAM'],
    [{ creation_content: { additional_creators: ['@invalid:dom$ain$.com'] } }, 400, 'M_INVALID_PARAM'],
    [{ creation_content: { additional_creators: 'all' } }, 400, 'M_INVALID_PARAM'],
    [{ initial_state: Array.from({ length: 501 }, () => ({ type: 'a', content: {} })) }, 400, 'M_INVALID_PARAM'],
    [{ initial_state: [{ type: 'a' }] }, 400, 'M_MISSING_PARAM'],
    [{ initial_state: [{ type: 'm.room.create', content: {} }] }, 400, 'M_INVALID_ROOM_STATE'],
    [
      { initial_state: [{ type: 'm.room.canonical_alias', content: { alias: '#no:one.example' } }] },
      400,
      'M_BAD_ALIAS',
    ],
    [{ invite_3pid: [{ medium: 'email' }] }, 403, 'M_THREEPID_DENIED'],
    [{ room_alias_name: 'a:b' }, 400, 'M_INVALID_PARAM'],
    [{ room_alias_name: 'a b' }, 400, 'M_INVALID_PARAM'],
    [{ room_alias_name: '' }, 400, 'M_INVALID_PARAM'],
    [{ room_alias_name: 'x'.repeat(300) }, 400, 'M_INVALID_PARAM'],
    [{ room_alias_name: 'taken' }, 400, 'M_ROOM_IN_USE'],
    [{ room_alias_name: 'irc_x' }, 400, 'M_EXCLUSIVE'],
    [{ room_version: 1 }, 400, 'M_BAD_JSON'],
    [{ room_version: 'nope' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
    [{ preset: 'nope' }, 400, 'M_BAD_JSON'],
    [{ visibility: 'nope' }, 400, 'M_BAD_JSON'],
    [{ power_level_content_override: { users: { '@alice:one.example': 100 } } }, 400, 'M_INVALID_PARAM'],
    [{ power_level_content_override: { kick: '50' } }, 400, 'M_BAD_JSON'],
    [{ room_version: '11', power_level_content_override: { users: {} }, name: 'x' }, 400, 'M_INVALID_ROOM_STATE'],
    [{ topic: 'x'.repeat(70_000) }, 413, 'M_TOO_LARGE'],
  ];
  for (const [body, status, errcode] of cases) {
    assert.deepEqual(
      await refusal(api.post('alice', '/v3/createRoom', body)),
      [status, errcode],
      JSON.stringify(body).slice(0, 90),
    );
  }
  for (const raw of ['{"power_level_content_override":{"ban":NaN}}', '{"power_level_content_override":{"ban":50.5}}']) {
    assert.equal((await api.call('POST', 'alice', '/v3/createRoom', { raw })).status, 400, raw);
  }
  assert.equal(((await api.ok(api.get('alice', '/v3/joined_rooms'))).joined_rooms as unknown[]).length, 1);
});

onEachDatabase('guests and suspended users make no rooms', async (db, t) => {
  const api = new RoomApi(db, t);
  const create = (as: object) => refusal(api.post('alice', '/v3/createRoom', {}, as));
  assert.deepEqual(await create({ isGuest: true }), [403, 'M_GUEST_ACCESS_FORBIDDEN']);
  assert.deepEqual(await create({ isSuspended: true }), [403, 'M_USER_SUSPENDED']);
});
