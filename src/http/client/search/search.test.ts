import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal, TestApi } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Database } from '../../../db/database.ts';
import { Search } from '../../../rooms/search/search.ts';
import { SearchIndexer } from '../../../rooms/search/search-indexer.ts';
import { searchRoutes } from './routes.ts';

interface Found {
  readonly count: number;
  readonly results: { readonly rank: number; readonly result: JsonObject; readonly context?: JsonObject }[];
  readonly highlights: string[];
  readonly next_batch?: string;
  readonly groups?: JsonObject;
  readonly state?: Record<string, JsonObject[]>;
}

function open(db: Database, t: TestContext) {
  const api = new RoomApi(db, t);
  const { rooms } = api;
  const ignoredUsers = async (userNid: number) => api.ignored.get(userNid) ?? new Set<string>();
  const search = new Search(rooms, new SearchIndexer(rooms));
  const searching = new TestApi(rooms, searchRoutes({ rooms, search, ignoredUsers }), t);
  const find = async (user: string, search_term: string, more: JsonObject = {}, query = ''): Promise<Found> => {
    const room_events = { search_term, order_by: 'recent', ...more };
    const answer = await searching.ok(
      searching.post(user, `/v3/search${query}`, { search_categories: { room_events } }),
    );
    return (answer.search_categories as JsonObject).room_events as unknown as Found;
  };
  const bodies = async (user: string, term: string, more: JsonObject = {}) =>
    (await find(user, term, more)).results.map(({ result }) => (result.content as JsonObject).body);
  return { api, searching, find, bodies };
}

onEachDatabase('messages, names and topics are found by their words in any order', async (db, t) => {
  const { api, find, bodies } = open(db, t);
  const room = await api.create('alice', { name: 'Garden club', topic: 'About roses' });
  await api.say('alice', room, 'The roses are red');
  await api.say('alice', room, 'Violets are blue, rose!');
  assert.deepEqual(await bodies('alice', 'red roses'), ['The roses are red']);
  assert.deepEqual(await bodies('alice', 'ROSE', { keys: ['content.body'] }), [
    'Violets are blue, rose!',
    'The roses are red',
  ]);
  const types = async (keys?: string[]) =>
    (await find('alice', keys === undefined ? 'club' : 'rose', keys && { keys })).results.map(one => one.result.type);
  assert.deepEqual(await types(), ['m.room.name']);
  assert.deepEqual(await types(['content.topic', 'content.name']), ['m.room.topic']);
  const { count, highlights, results } = await find('alice', 'ros', { filter: { types: ['m.room.message'] } });
  assert.deepEqual([count, results.length, highlights.sort()], [3, 2, ['rose', 'roses']]);
  assert.deepEqual(await bodies('alice', 'nothing of this'), []);
  assert.deepEqual(await bodies('alice', ''), []);
});

onEachDatabase('a topic is found by both of its forms', async (db, t) => {
  const { api, find } = open(db, t);
  const room = await api.create('alice');
  const rich = [
    { mimetype: 'text/html', body: '<b>daffodils</b>' },
    { mimetype: 'text/plain', body: 'about tulips' },
  ];
  const topic = { topic: 'about lilies', 'm.topic': { 'm.text': rich } };
  await api.ok(api.put('alice', `/v3/rooms/${room}/state/m.room.topic`, topic));
  for (const [term, hits] of [
    ['tulips', 1],
    ['lilies', 1],
    ['daffodils', 0],
  ] as const) {
    const { results, highlights } = await find('alice', term, { keys: ['content.topic'] });
    assert.deepEqual([results.length, highlights], [hits, hits === 0 ? [] : [term]], term);
  }
});

onEachDatabase('any language is found', async (db, t) => {
  const { api, bodies } = open(db, t);
  const room = await api.create('alice');
  const texts = ['東京タワーに行く', 'Grüße aus Köln', 'Привет, мир', 'สวัสดีชาวโลก', '안녕하세요 세계', 'नमस्ते दुनिया'];
  for (const text of texts) await api.say('alice', room, text);
  for (const [term, at] of [
    ['東京', 0],
    ['タワー', 0],
    ['行', 0],
    ['koln', 1],
    ['GRÜSSE', 1],
    ['привет', 2],
  ] as const)
    assert.deepEqual(await bodies('alice', term), [texts[at]], term);
  for (const [term, at] of [
    ['ชาวโลก', 3],
    ['안녕', 4],
    ['दुनिया', 5],
  ] as const)
    assert.deepEqual(await bodies('alice', term), [texts[at]], term);
  assert.deepEqual(await bodies('alice', '京東'), []);
});

onEachDatabase('N151 what databases give a meaning to is looked for as words', async (db, t) => {
  const { api, bodies, searching } = open(db, t);
  const room = await api.create('alice');
  await api.say('alice', room, 'plain AND simple');
  const evil = [
    '"',
    "'",
    '*',
    'a*"',
    'NEAR(',
    'words : plain',
    '{room} : r1',
    "') or 1=1 --",
    '%',
    '_',
    '<->',
    '!plain &',
    ':*',
    '\\',
    '\u0000',
  ];
  for (const term of evil) assert.ok(Array.isArray(await bodies('alice', term)), term);
  assert.deepEqual(await bodies('alice', 'plain AND simple'), ['plain AND simple']);
  assert.deepEqual(await bodies('alice', 'plain OR missing'), []);
  assert.deepEqual(await bodies('alice', '"plain" (simple)*'), ['plain AND simple']);
  for (const body of [
    {},
    { search_categories: { room_events: {} } },
    { search_categories: { room_events: { search_term: 5 } } },
  ])
    assert.equal((await refusal(searching.post('alice', '/v3/search', body)))[0], 400);
  const wanted = { search_categories: { room_events: { search_term: 'plain' } } };
  for (const token of ['x', 's1', 's1.', 's1.1.1', "s'.1"])
    assert.deepEqual(await refusal(searching.post('alice', `/v3/search?next_batch=${token}`, wanted)), [
      400,
      'M_INVALID_PARAM',
    ]);
  assert.deepEqual(await searching.ok(searching.post('alice', '/v3/search', { search_categories: {} })), {
    search_categories: {},
  });
});

onEachDatabase('nobody finds what they may not see', async (db, t) => {
  const { api, searching, bodies, find } = open(db, t);
  const room = await api.create('alice', { preset: 'public_chat' });
  await api.setState('alice', room, 'm.room.history_visibility', { history_visibility: 'joined' });
  await api.say('alice', room, 'secret one');
  assert.deepEqual(await bodies('bob', 'secret'), []);
  await api.join('bob', room);
  await api.say('alice', room, 'secret two');
  assert.deepEqual(await bodies('bob', 'secret'), ['secret two']);
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  await api.say('alice', room, 'secret three');
  assert.deepEqual(await bodies('bob', 'secret'), ['secret two']);
  assert.deepEqual(await bodies('alice', 'secret'), ['secret three', 'secret two', 'secret one']);
  assert.deepEqual(await bodies('bob', 'secret', { filter: { rooms: ['!other:one.example'] } }), []);
  assert.deepEqual(await bodies('bob', 'secret', { filter: { not_rooms: [room] } }), []);
  assert.equal((await find('carol', 'secret')).count, 0);
  const misshapen = { search_categories: { room_events: { search_term: 'secret', filter: { senders: 'alice' } } } };
  assert.deepEqual(await refusal(searching.post('bob', '/v3/search', misshapen)), [400, 'M_INVALID_PARAM']);
  await api.ok(api.post('bob', `/v3/rooms/${room}/forget`));
  assert.deepEqual(await bodies('bob', 'secret'), []);
});

onEachDatabase('what was redacted is found no more, and ignored users are not found', async (db, t) => {
  const { api, bodies, find } = open(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const gone = await api.say('bob', room, 'this goes');
  await api.say('bob', room, 'this stays');
  assert.equal((await bodies('alice', 'this')).length, 2);
  await api.ok(api.put('bob', `/v3/rooms/${room}/redact/${encodeURIComponent(gone)}/1`, { reason: 'this again' }));
  for (const order_by of ['recent', 'rank']) {
    const { count, results } = await find('alice', 'this', { order_by });
    assert.deepEqual([count, results.length], [1, 1]);
  }
  const alice = await db.tx(tx => api.rooms.nids.users.findOne(tx, '@alice:one.example' as never));
  api.ignored.set(alice ?? 0, new Set(['@bob:one.example']));
  assert.deepEqual(await bodies('alice', 'this'), []);
});

onEachDatabase('results come page by page', async (db, t) => {
  const { api, find } = open(db, t);
  const room = await api.create('alice');
  for (let i = 0; i < 20; i++) await api.say('alice', room, `Message number ${i}`);
  for (const order_by of ['recent', 'rank']) {
    const seen: unknown[] = [];
    let next: string | undefined;
    for (let pages = 1; pages <= 4; pages++) {
      const query = next === undefined ? '' : `?next_batch=${next}`;
      const page = await find('alice', 'message', { order_by, filter: { limit: 10 } }, query);
      assert.equal(page.count, 20);
      seen.push(...page.results.map(({ result }) => (result.content as JsonObject).body));
      next = page.next_batch;
      if (pages === 1) await api.say('alice', room, 'A later message');
      assert.equal(next === undefined, pages === 3, `page ${pages}`);
      if (next === undefined) break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => `Message number ${19 - i}`),
    );
    const later = await find('alice', 'later');
    const id = encodeURIComponent(String(later.results[0]?.result.event_id));
    await api.ok(api.put('alice', `/v3/rooms/${room}/redact/${id}/${order_by}`, {}));
  }
});

onEachDatabase('the best match comes first when asked for rank', async (db, t) => {
  const { api, find } = open(db, t);
  const room = await api.create('alice');
  await api.say('alice', room, 'blue fish');
  await api.say('alice', room, 'once upon a time there was a blue boat and no fish at all in the sea');
  const { results } = await find('alice', 'blue fish', { order_by: 'rank' });
  assert.deepEqual(
    results.map(({ result }) => (result.content as JsonObject).body === 'blue fish'),
    [true, false],
  );
  assert.ok((results[0]?.rank ?? 0) > (results[1]?.rank ?? 0));
});

onEachDatabase('results bring what is around them, groups and state when asked', async (db, t) => {
  const { api, find } = open(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  for (let i = 0; i < 7; i++) await api.say(i === 3 ? 'bob' : 'alice', room, `m number ${i}`);
  const found = await find('alice', 'number 3', {
    event_context: { before_limit: 2, after_limit: 1, include_profile: true },
    groupings: { group_by: [{ key: 'room_id' }, { key: 'sender' }] },
    include_state: true,
  });
  const context = found.results[0]?.context ?? {};
  assert.deepEqual(RoomApi.bodies(context.events_before), ['m number 2', 'm number 1']);
  assert.deepEqual(RoomApi.bodies(context.events_after), ['m number 4']);
  assert.deepEqual((context.profile_info as JsonObject)['@bob:one.example'], { displayname: 'BOB' });
  const from = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=1&from=${context.start}`));
  assert.deepEqual(RoomApi.bodies(from.chunk), ['m number 0']);
  const results = [found.results[0]?.result.event_id];
  assert.deepEqual(found.groups, {
    room_id: { [room]: { order: 0, results } },
    sender: { '@bob:one.example': { order: 0, results } },
  });
  const members = found.state?.[room]?.filter(event => event.type === 'm.room.member');
  assert.deepEqual(
    members?.map(event => event.state_key),
    ['@bob:one.example'],
  );
  assert.ok(found.state?.[room]?.some(event => event.type === 'm.room.create'));
  assert.equal((await find('alice', 'number 3')).results[0]?.context, undefined);
});

onEachDatabase('whoever looks in a room finds what was said before its upgrades', async (db, t) => {
  const { api, bodies } = open(db, t);
  const rooms = [await api.create('alice', { preset: 'public_chat', room_version: '11' })];
  for (const version of ['11', '12']) {
    const [old = ''] = rooms;
    await api.say('alice', old, `roses ${rooms.length}`);
    const upgraded = await api.ok(api.post('alice', `/v3/rooms/${old}/upgrade`, { new_version: version }));
    rooms.unshift(String(upgraded.replacement_room));
  }
  const [newest = '', middle = '', oldest = ''] = rooms;
  await api.say('alice', newest, 'roses 3');
  const other = await api.create('alice', { creation_content: { predecessor: { room_id: newest, event_id: '$x' } } });
  const found = (filter: JsonObject) => bodies('alice', 'roses', { filter });
  assert.deepEqual(await found({ rooms: [newest] }), ['roses 3', 'roses 2', 'roses 1']);
  assert.deepEqual(await found({ rooms: [middle] }), ['roses 2', 'roses 1'], 'not what came after it');
  assert.deepEqual(await found({ rooms: [newest], not_rooms: [middle] }), ['roses 3', 'roses 1']);
  assert.deepEqual(await found({ rooms: [other] }), ['roses 3', 'roses 2', 'roses 1'], 'alice may say so');
  await api.ok(api.post('alice', `/v3/rooms/${oldest}/leave`, {}));
  await api.ok(api.post('alice', `/v3/rooms/${oldest}/forget`, {}));
  assert.deepEqual(await found({ rooms: [newest] }), ['roses 3', 'roses 2']);
  await api.join('bob', newest);
  assert.deepEqual(await bodies('bob', 'roses', { filter: { rooms: [newest] } }), ['roses 3'], 'only in rooms of bob');
});
