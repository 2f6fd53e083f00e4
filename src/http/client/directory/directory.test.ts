import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { RoomId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { RemoteDirectory } from '../../../rooms/ports.ts';

const at = (alias: string) => `/v3/directory/room/${encodeURIComponent(alias)}`;

onEachDatabase('N113: aliases cannot be taken over, nor made for others', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const other = await api.create('bob');
  const put = (who: string, alias: string, room_id: string, as?: object) =>
    refusal(api.put(who, at(alias), { room_id }, as));
  assert.deepEqual(await put('alice', '#grove:one.example', room), [200, undefined]);
  assert.deepEqual(await put('bob', '#grove:one.example', other), [409, 'M_UNKNOWN']);
  assert.deepEqual(await put('alice', '#grove:two.example', room), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put('alice', 'grove', room), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put('alice', '#irc_x:one.example', room), [400, 'M_EXCLUSIVE']);
  const irc = { appservice: { id: 'irc', rateLimited: false } };
  assert.deepEqual(await put('alice', '#irc_x:one.example', room, irc), [200, undefined]);
  assert.deepEqual(await put('bob', '#mine:one.example', room), [403, 'M_FORBIDDEN'], 'only for rooms one is in');
  assert.deepEqual(await put('bob', '#mine:one.example', '!nowhere:one.example'), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await api.ok(api.get('', at('#grove:one.example'))), { room_id: room, servers: ['one.example'] });
  assert.deepEqual(await refusal(api.get('', at('#none:one.example'))), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('', at('#none:two.example'))), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('', at('none'))), [400, 'M_INVALID_PARAM']);
  await api.join('bob', room);
  assert.deepEqual(await refusal(api.call('DELETE', 'bob', at('#grove:one.example'))), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.call('DELETE', 'bob', at('#irc_x:one.example'))), [400, 'M_EXCLUSIVE']);
  const unicode = '#老虎Â£я🤨👉ඞ:one.example';
  assert.deepEqual(await put('bob', unicode, room), [200, undefined]);
  const { aliases } = await api.ok(api.get('bob', `/v3/rooms/${room}/aliases`));
  assert.deepEqual((aliases as string[]).sort(), ['#grove:one.example', '#irc_x:one.example', unicode].sort());
});

onEachDatabase('aliases are deleted by their creators and by those with power', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const remove = (who: string, alias: string, as = {}) => refusal(api.call('DELETE', who, at(alias), { as }));
  assert.deepEqual(await remove('bob', '#none:one.example'), [404, 'M_NOT_FOUND']);
  await api.ok(api.put('bob', at('#bobs:one.example'), { room_id: room }));
  await api.setState('alice', room, 'm.room.canonical_alias', { alias: '#bobs:one.example', alt_aliases: [] });
  assert.deepEqual(await remove('bob', '#bobs:one.example'), [200, undefined], 'without power for the canonical alias');
  const canonical = () => api.ok(api.get('alice', `/v3/rooms/${room}/state/m.room.canonical_alias`));
  assert.equal((await canonical()).alias, '#bobs:one.example');
  await api.ok(api.put('bob', at('#more:one.example'), { room_id: room }));
  await api.setState('alice', room, 'm.room.canonical_alias', { alias: '#more:one.example' });
  assert.deepEqual(await remove('alice', '#more:one.example'), [200, undefined]);
  assert.deepEqual(await canonical(), {});
  await api.ok(api.put('alice', at('#last:one.example'), { room_id: room }));
  assert.deepEqual(await remove('bob', '#last:one.example', { isAdmin: true }), [200, undefined]);
});

onEachDatabase('N154: a room is listed by those who may change its main alias', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const path = `/v3/directory/list/room/${room}`;
  assert.deepEqual(await refusal(api.put('bob', path, { visibility: 'public' })), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.put('carol', path, {})), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await api.ok(api.get('', path)), { visibility: 'private' });
  await api.ok(api.put('alice', path, {}));
  assert.deepEqual(await api.ok(api.get('', path)), { visibility: 'public' });
  await api.ok(api.put('carol', path, { visibility: 'private' }, { isAdmin: true }));
  assert.deepEqual(await api.ok(api.get('', path)), { visibility: 'private' });
  assert.deepEqual(await refusal(api.put('alice', path, { visibility: 'x' })), [400, 'M_BAD_JSON']);
  for (const call of [api.get('', '/v3/directory/list/room/!x:y'), api.put('alice', '/v3/directory/list/room/!x:y')]) {
    assert.deepEqual(await refusal(call), [404, 'M_NOT_FOUND']);
  }
});

onEachDatabase(
  'the directory lists rooms with what is public of them, by size, and finds them by text and type',
  async (db, t) => {
    const api = new RoomApi(db, t);
    const big = await api.create('alice', {
      visibility: 'public',
      name: 'Big',
      topic: 'Wombles',
      room_alias_name: 'big',
    });
    await api.join('bob', big);
    const space = await api.create('alice', { visibility: 'public', creation_content: { type: 'm.space' } });
    const hidden = await api.create('alice', { visibility: 'public', preset: 'private_chat', name: 'wombles' });
    await api.create('alice', { preset: 'public_chat', name: 'wombles' });
    const all = await api.ok(api.get('', '/v3/publicRooms'));
    assert.deepEqual((all.chunk as JsonObject[])[0], {
      room_id: big,
      name: 'Big',
      topic: 'Wombles',
      canonical_alias: '#big:one.example',
      num_joined_members: 2,
      world_readable: false,
      guest_can_join: false,
      join_rule: 'public',
    });
    assert.equal((all.chunk as JsonObject[])[1]?.room_type, 'm.space');
    assert.deepEqual([(all.chunk as unknown[]).length, all.next_batch, all.prev_batch], [2, undefined, undefined]);
    const find = async (filter: object) => {
      const { chunk } = await api.ok(api.post('bob', '/v3/publicRooms', { filter }));
      return (chunk as JsonObject[]).map(room => room.room_id);
    };
    assert.deepEqual(await find({ generic_search_term: 'WOMBLES' }), [big]);
    assert.deepEqual(await find({ room_types: ['m.space'] }), [space]);
    assert.deepEqual(await find({ room_types: [null] }), [big]);
    assert.deepEqual(await find({ generic_search_term: null, room_types: null }), [big, space]);
    await api.setState('alice', hidden, 'm.room.join_rules', { join_rule: 'knock' });
    assert.deepEqual(await find({ generic_search_term: 'wombles' }), [big, hidden]);
    assert.deepEqual(await refusal(api.post('', '/v3/publicRooms')), [401, 'M_MISSING_TOKEN']);
    assert.deepEqual(await refusal(api.get('bob', '/v3/publicRooms?server=two.example')), [404, 'M_NOT_FOUND']);
    const bridged = await api.ok(api.post('bob', '/v3/publicRooms', { third_party_instance_id: 'irc' }));
    assert.deepEqual(bridged, { chunk: [] });
    assert.deepEqual(await refusal(api.get('', '/v3/publicRooms?server=not%20one')), [400, 'M_INVALID_PARAM']);
    assert.deepEqual(await refusal(api.get('', '/v3/publicRooms?since=x')), [400, 'M_INVALID_PARAM']);
  },
);

onEachDatabase('the directory is turned page by page, there and back', async (db, t) => {
  const api = new RoomApi(db, t);
  const rooms: string[] = [];
  for (let i = 0; i < 5; i++) rooms.push(await api.create('alice', { visibility: 'public' }));
  const page = async (query: string) => {
    const answer = await api.ok(api.get('', `/v3/publicRooms?limit=2${query}`));
    return { ...answer, ids: (answer.chunk as JsonObject[]).map(room => room.room_id) } as JsonObject;
  };
  const first = await page('');
  const second = await page(`&since=${first.next_batch}`);
  const third = await page(`&since=${second.next_batch}`);
  assert.deepEqual([first.ids, second.ids, third.ids], [rooms.slice(0, 2), rooms.slice(2, 4), rooms.slice(4)]);
  assert.deepEqual([first.prev_batch, third.next_batch], [undefined, undefined]);
  const back = await page(`&since=${third.prev_batch}`);
  assert.deepEqual(back.ids, second.ids);
  const start = await page(`&since=${back.prev_batch}`);
  assert.deepEqual([start.ids, start.prev_batch], [first.ids, undefined]);
  assert.deepEqual((await page(`&since=${start.next_batch}`)).ids, second.ids);
});

onEachDatabase('the directory of another server is asked for by its users here', async (db, t) => {
  const asked: unknown[] = [];
  const chunk = [{ room_id: '!far:two.example' }];
  const remote: RemoteDirectory = {
    resolveAlias: async alias => {
      asked.push(alias);
      return { roomId: '!far:two.example' as RoomId, servers: ['two.example'] };
    },
    publicRooms: async (server, body) => {
      asked.push([server, body]);
      return { chunk };
    },
  };
  const api = new RoomApi(db, t, { remote });
  assert.deepEqual(await api.ok(api.get('alice', '/v3/publicRooms?server=two.example&limit=3&since=x')), { chunk });
  const filter = { filter: { generic_search_term: 'y' } };
  assert.deepEqual(await api.ok(api.post('alice', '/v3/publicRooms?server=two.example', filter)), { chunk });
  assert.deepEqual(await api.ok(api.get('', at('#far:two.example'))), {
    room_id: '!far:two.example',
    servers: ['two.example'],
  });
  const expected = [['two.example', { limit: 3, since: 'x' }], ['two.example', filter], '#far:two.example'];
  assert.deepEqual(asked, expected);
  assert.deepEqual((await api.ok(api.get('alice', '/v3/publicRooms?server=one.example'))).chunk, []);
  assert.equal(asked.length, 3, 'this server does not ask itself');
});
