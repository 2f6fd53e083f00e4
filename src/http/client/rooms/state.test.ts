import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { RoomAlias } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { removeAlias } from '../../../rooms/aliases.table.ts';

onEachDatabase('state is set and read at all three forms of the path', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const base = `/v3/rooms/${room}/state`;
  const set = (path: string, body: object) => api.ok(api.put('alice', `${base}/${path}`, body));
  const { event_id: first } = await set('m.room.name', { name: 'one' });
  assert.deepEqual(await api.ok(api.get('alice', `${base}/m.room.name/`)), { name: 'one' });
  assert.equal((await set('m.room.name/', { name: 'one' })).event_id, first, 'the same again is no new event');
  await set('my.type/a%2Fb', { deep: [1] });
  assert.deepEqual(await api.ok(api.get('alice', `${base}/my.type/a%2Fb`)), { deep: [1] });
  assert.deepEqual(await refusal(api.get('alice', `${base}/my.type`)), [404, 'M_NOT_FOUND']);
  const event = await api.ok(api.get('alice', `/r0/rooms/${room}/state/m.room.name?format=event`));
  assert.equal(event.event_id, first);
  assert.equal(event.room_id, room);
  assert.equal(event.sender, '@alice:one.example');
  assert.deepEqual(await refusal(api.get('alice', `${base}/m.room.name?format=xml`)), [400, 'M_INVALID_PARAM']);
});

onEachDatabase('the whole state comes as one array, also when it is long', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', {
    initial_state: Array.from({ length: 450 }, (_, i) => ({
      type: 'm.policy.rule.user',
      state_key: `rule${i}`,
      content: { entity: `@spam${i}:x` },
    })),
  });
  const state = (await api.ok(api.get('alice', `/v3/rooms/${room}/state`))) as unknown as JsonObject[];
  assert.equal(state.length, 450 + 6);
  assert.equal(new Set(state.map(event => `${event.type} ${event.state_key}`)).size, 456);
  assert.ok(state.every(event => event.room_id === room));
});

onEachDatabase('state that breaks the rules is refused with the right status', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const put = (who: string, type: string, body: object, where = room) =>
    refusal(api.put(who, `/v3/rooms/${where}/state/${type}/`, body));
  assert.deepEqual(await put('alice', 'm.room.create', { room_version: '12', more: 1 }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put('bob', 'm.room.name', { name: 'x' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await put('carol', 'm.room.name', { name: 'x' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await put('alice', 'm.room.name', {}, '!nowhere:one.example'), [403, 'M_FORBIDDEN']);
  const alice = { users: { '@alice:one.example': 100 } };
  assert.deepEqual(await put('alice', 'm.room.power_levels', alice), [400, 'M_BAD_JSON'], 'a creator has no level');
  assert.deepEqual(await put('alice', 'm.room.power_levels', { ban: '50' }), [400, 'M_BAD_JSON']);
  assert.deepEqual(await put('alice', 'x', { body: 'x'.repeat(70_000) }), [413, 'M_TOO_LARGE']);
});

onEachDatabase('N164: a room cannot be replaced by itself', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const other = await api.create('alice');
  const put = (replacement: string) =>
    refusal(api.put('alice', `/v3/rooms/${room}/state/m.room.tombstone`, { replacement_room: replacement }));
  assert.deepEqual(await put(room), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put(other), [200, undefined]);
});

onEachDatabase('N114: a canonical alias must exist and name this room', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const other = await api.create('alice');
  const name = (alias: string, where: string) =>
    api.ok(api.put('alice', `/v3/directory/room/${encodeURIComponent(alias)}`, { room_id: where }));
  await name('#here:one.example', room);
  await name('#second:one.example', room);
  await name('#there:one.example', other);
  const put = (content: object) => refusal(api.put('alice', `/v3/rooms/${room}/state/m.room.canonical_alias`, content));
  assert.deepEqual(await put({ alias: '#none:one.example' }), [400, 'M_BAD_ALIAS']);
  assert.deepEqual(await put({ alias: '#there:one.example' }), [400, 'M_BAD_ALIAS']);
  assert.deepEqual(await put({ alias: '%bad:one.example' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put({ alias: 5 }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put({ alias: '#here:one.example', alt_aliases: ['#there:one.example'] }), [
    400,
    'M_BAD_ALIAS',
  ]);
  assert.deepEqual(await put({ alias: '#here:one.example', alt_aliases: ['bad'] }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put({ alias: '#here:one.example', alt_aliases: 'bad' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put({ alias: '#here:one.example', alt_aliases: ['#second:one.example'] }), [200, undefined]);
  // What is there already stays, also when the alias is gone meanwhile.
  await db.tx(tx => removeAlias(tx, '#second:one.example' as RoomAlias));
  const again = { alias: '#here:one.example', alt_aliases: ['#second:one.example'], note: 1 };
  assert.deepEqual(await put(again), [200, undefined]);
  assert.deepEqual(await put({}), [200, undefined]);
});

onEachDatabase('N147: members, state and joined members are for those who are or were in the room', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat' });
  const paths = ['state', 'members', 'messages', 'joined_members', 'aliases', 'state/m.room.create'];
  for (const where of [room, '!nowhere:one.example']) {
    for (const path of paths) {
      const answer = await refusal(api.get('bob', `/v3/rooms/${where}/${path}`));
      assert.deepEqual(answer, [403, 'M_FORBIDDEN'], `${where} ${path}`);
    }
    const threads = await refusal(api.get('bob', `/v1/rooms/${where}/threads`));
    assert.deepEqual(threads, [403, 'M_FORBIDDEN']);
    const time = await refusal(api.get('bob', `/v1/rooms/${where}/timestamp_to_event?ts=1&dir=f`));
    assert.deepEqual(time, [403, 'M_FORBIDDEN']);
  }
  // To be invited is not to be in it.
  await api.ok(api.post('alice', `/v3/rooms/${room}/invite`, { user_id: '@bob:one.example' }));
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/members`)), [403, 'M_FORBIDDEN']);
  await api.join('bob', room);
  await api.setState('alice', room, 'm.room.name', { name: 'before' });
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  await api.setState('alice', room, 'm.room.name', { name: 'after' });
  assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), { name: 'before' });
  for (const path of ['joined_members', 'aliases']) {
    assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/${path}`)), [403, 'M_FORBIDDEN']);
  }
  // An invite back or a ban of one who has left opens nothing of what came since.
  await api.ok(api.post('alice', `/v3/rooms/${room}/invite`, { user_id: '@bob:one.example' }));
  assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), { name: 'before' });
  await api.ok(api.post('alice', `/v3/rooms/${room}/ban`, { user_id: '@bob:one.example' }));
  assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), { name: 'before' });
  const names = ((await api.ok(api.get('bob', `/v3/rooms/${room}/state`))) as unknown as JsonObject[])
    .filter(event => event.type === 'm.room.name')
    .map(event => event.content);
  assert.deepEqual(names, [{ name: 'before' }]);
});

onEachDatabase('the aliases of a room are told to its members, and to administrators', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat', room_alias_name: 'grove' });
  const path = `/v3/rooms/${room}/aliases`;
  const known = { aliases: ['#grove:one.example'] };
  assert.deepEqual(await api.ok(api.get('alice', path)), known);
  assert.deepEqual(await refusal(api.get('bob', path)), [403, 'M_FORBIDDEN']);
  assert.deepEqual((await api.call('GET', 'bob', path, { as: { isAdmin: true } })).body, known);
});

onEachDatabase('what is world readable can be read by everyone', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.setState('alice', room, 'm.room.history_visibility', { history_visibility: 'world_readable' });
  await api.say('alice', room, 'hello world');
  const { chunk } = await api.ok(api.get('bob', `/v3/rooms/${room}/messages?dir=b`));
  assert.deepEqual(RoomApi.bodies(chunk), ['hello world']);
  assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/aliases`)), { aliases: [] });
  await api.setState('alice', room, 'm.room.name', { name: 'Open' });
  assert.deepEqual(await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.name`)), { name: 'Open' });
});
