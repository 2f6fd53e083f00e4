import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

const ids = (events: unknown) => (events as JsonObject[]).map(event => event.event_id);

onEachDatabase('history is read page by page in both directions, without gaps and repeats', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  for (let i = 0; i < 30; i++) await api.say('alice', room, `m${i}`);
  for (const dir of ['b', 'f']) {
    const bodies: unknown[] = [];
    let from = '';
    for (let pages = 0; pages < 20; pages++) {
      const page = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=${dir}&limit=7${from}`));
      bodies.push(...RoomApi.bodies(page.chunk));
      if (page.end === undefined) break;
      from = `&from=${page.end}`;
    }
    const all = Array.from({ length: 30 }, (_, i) => `m${i}`);
    assert.deepEqual(bodies, dir === 'f' ? all : all.reverse());
  }
  const page = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b`));
  assert.equal((page.chunk as unknown[]).length, 10, 'ten unless said');
  const after = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=f&from=${page.start}`));
  assert.deepEqual([after.chunk, after.end], [[], undefined]);
  const { next_batch: token } = await api.ok(api.get('alice', '/v3/sync'));
  const fromSync = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&from=${token}`));
  assert.deepEqual([fromSync.start, ids(fromSync.chunk)], [token, ids(page.chunk)], 'where it starts is said as asked');
  const between = `/v3/rooms/${room}/messages?dir=b&from=${page.start}&to=${page.end}&limit=100`;
  assert.deepEqual(ids((await api.ok(api.get('alice', between))).chunk), ids(page.chunk));
  for (const bad of ['dir=x', 'limit=-1', 'limit=x', 'from=nonsense', 'filter=5', 'filter={', LAZY_TEXT]) {
    const answer = await refusal(api.get('alice', `/v3/rooms/${room}/messages?${bad}`));
    assert.deepEqual(answer, [400, 'M_INVALID_PARAM'], bad);
  }
});

onEachDatabase('pages of large events end after a megabyte of text, and the next goes on there', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const names = Array.from({ length: 25 }, (_, at) => `m${at}`);
  for (const name of names) await api.say('alice', room, name, { more: 'long '.repeat(12_000) });
  for (const dir of ['b', 'f']) {
    const pages: unknown[][] = [];
    let from: unknown = '';
    while (from !== undefined) {
      const page = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=${dir}&limit=100${from}`));
      pages.push(RoomApi.bodies(page.chunk));
      from = page.end && `&from=${page.end}`;
    }
    assert.deepEqual(pages.flat(), dir === 'f' ? names : names.toReversed());
    assert.ok(Math.max(...pages.map(page => page.length)) === 18, `${pages.map(page => page.length)}`);
  }
});

const LAZY_TEXT = `filter=${encodeURIComponent('{"lazy_load_members":"true"}')}`;

onEachDatabase('filters choose events, and lazy loading brings those who sent them', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  await api.join('carol', room);
  await api.say('bob', room, 'from bob');
  const filter = encodeURIComponent('{"lazy_load_members":true,"types":["m.room.message"]}');
  const page = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&filter=${filter}`));
  assert.deepEqual(RoomApi.bodies(page.chunk), ['from bob']);
  assert.deepEqual(
    (page.state as JsonObject[]).map(event => [event.type, event.state_key]),
    [['m.room.member', '@bob:one.example']],
  );
});

onEachDatabase('a page that a filter thinned out says where it stopped, until one comes back empty', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.say('alice', room, 'words');
  await api.say('alice', room, 'picture', { url: 'mxc://one.example/x' });
  const filter = encodeURIComponent('{"contains_url":true}');
  const path = `/v3/rooms/${room}/messages?dir=b&filter=${filter}`;
  const page = await api.ok(api.get('alice', path));
  assert.deepEqual(RoomApi.bodies(page.chunk), ['picture']);
  const rest = await api.ok(api.get('alice', `${path}&from=${page.end}`));
  assert.deepEqual([rest.chunk, rest.end], [[], undefined]);
  const whole = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=100`));
  assert.equal(whole.end, undefined, 'without a filter the beginning is known');
});

onEachDatabase('N146: who left sees what was before, in every way of asking', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const early = await api.say('alice', room, 'early');
  await api.join('bob', room);
  await api.say('alice', room, 'seen');
  await api.say('alice', room, 'reply before', { 'm.relates_to': { rel_type: 'm.thread', event_id: early } });
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  const late = await api.say('alice', room, 'late');
  await api.say('alice', room, 'reply after', { 'm.relates_to': { rel_type: 'm.thread', event_id: early } });
  await api.say('alice', room, '* edited', {
    'm.new_content': { body: 'edited' },
    'm.relates_to': { rel_type: 'm.replace', event_id: early },
  });
  for (const dir of ['b', 'f']) {
    const { chunk } = await api.ok(api.get('bob', `/v3/rooms/${room}/messages?dir=${dir}&limit=100`));
    assert.deepEqual(RoomApi.bodies(chunk).sort(), ['early', 'reply before', 'seen']);
  }
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/event/${late}`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/context/${late}`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('bob', `/v1/rooms/${room}/relations/${late}`)), [404, 'M_NOT_FOUND']);
  const context = await api.ok(api.get('bob', `/v3/rooms/${room}/context/${early}?limit=100`));
  assert.ok(!JSON.stringify(context).includes('reply after'), 'not even in a summary');
  assert.ok(!JSON.stringify(context).includes('edited'));
  const thread = ((context.event as JsonObject).unsigned as JsonObject)['m.relations'] as JsonObject;
  assert.equal((thread['m.thread'] as JsonObject).count, 1);
  const related = await api.ok(api.get('bob', `/v1/rooms/${room}/relations/${early}`));
  assert.deepEqual(RoomApi.bodies(related.chunk), ['reply before']);
  const { chunk: roots } = await api.ok(api.get('bob', `/v1/rooms/${room}/threads`));
  assert.ok(!JSON.stringify(roots).includes('reply after'));
  assert.deepEqual(ids(roots), [early]);
  const nearest = await api.ok(api.get('bob', `/v1/rooms/${room}/timestamp_to_event?ts=${Date.now() * 2}&dir=b`));
  assert.notEqual(nearest.event_id, late);
  assert.deepEqual(await refusal(api.get('carol', `/v3/rooms/${room}/event/${early}`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('carol', `/v3/rooms/${room}/context/${early}`)), [403, 'M_FORBIDDEN']);
});

onEachDatabase('an event comes with what is around it, and tokens to go on from there', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const sent: string[] = [];
  for (let i = 0; i < 9; i++) sent.push(await api.say('alice', room, `m${i}`));
  const middle = sent[4] ?? '';
  const context = await api.ok(api.get('alice', `/v3/rooms/${room}/context/${middle}?limit=4`));
  assert.deepEqual(RoomApi.bodies(context.events_before), ['m3', 'm2']);
  assert.deepEqual(RoomApi.bodies(context.events_after), ['m5', 'm6']);
  assert.equal((context.event as JsonObject).event_id, middle);
  assert.equal((context.state as unknown[]).length, 5);
  const on = async (dir: string, from: unknown) =>
    RoomApi.bodies(
      (await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=${dir}&from=${from}&limit=2`))).chunk,
    );
  assert.deepEqual(await on('b', context.start), ['m1', 'm0']);
  assert.deepEqual(await on('f', context.end), ['m7', 'm8']);
  const lazy = encodeURIComponent('{"lazy_load_members":true,"types":["m.room.name"]}');
  const bare = await api.ok(api.get('alice', `/v3/rooms/${room}/context/${middle}?limit=0&filter=${lazy}`));
  assert.deepEqual([bare.events_before, bare.events_after], [[], []]);
  assert.deepEqual(
    (bare.state as JsonObject[]).map(event => event.type),
    ['m.room.member'],
  );
  assert.deepEqual(await on('b', bare.start), ['m3', 'm2']);
  assert.deepEqual(await on('f', bare.end), ['m5', 'm6']);
});

onEachDatabase('the event nearest to a time is found on the side that is asked for', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const first = await api.say('alice', room, 'first');
  const second = await api.say('alice', room, 'second');
  const ts = Number((await api.ok(api.get('alice', `/v3/rooms/${room}/event/${first}`))).origin_server_ts);
  const find = (at: number, dir: string) =>
    api.ok(api.get('alice', `/v1/rooms/${room}/timestamp_to_event?ts=${at}&dir=${dir}`));
  assert.deepEqual(await find(ts, 'f'), { event_id: first, origin_server_ts: ts });
  assert.deepEqual(await find(ts, 'b'), { event_id: first, origin_server_ts: ts });
  assert.equal((await find(ts + 1, 'f')).event_id, second);
  const at = (query: string) => refusal(api.get('alice', `/v1/rooms/${room}/timestamp_to_event?${query}`));
  assert.deepEqual(await at(`ts=${ts + 1e9}&dir=f`), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await at('ts=1&dir=b'), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await at('dir=b'), [400, 'M_MISSING_PARAM']);
  assert.deepEqual(await at('ts=1'), [400, 'M_MISSING_PARAM']);
  assert.deepEqual(await at('ts=x&dir=b'), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await at('ts=1&dir=x'), [400, 'M_INVALID_PARAM']);
});

onEachDatabase('messages of people one ignores are not shown', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const annoying = await api.say('bob', room, 'annoying');
  const root = await api.say('alice', room, 'root');
  await api.say('bob', room, 'reply', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } });
  const alice = await api.rooms.nids.users.findOne(db, '@alice:one.example' as never);
  api.ignored.set(alice ?? 0, new Set(['@bob:one.example']));
  const { chunk } = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=50`));
  assert.deepEqual(RoomApi.bodies(chunk), ['root']);
  assert.ok(
    (chunk as JsonObject[]).some(event => event.sender === '@bob:one.example'),
    'but that they are there',
  );
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/event/${annoying}`)), [404, 'M_NOT_FOUND']);
  const event = await api.ok(api.get('alice', `/v3/rooms/${room}/event/${root}`));
  assert.equal('m.relations' in (event.unsigned as JsonObject), false);
});

onEachDatabase('members are listed by membership and as of any time', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const { start: before } = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=1`));
  await api.join('carol', room);
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  const members = async (query: string, who = 'alice') => {
    const { chunk } = await api.ok(api.get(who, `/v3/rooms/${room}/members?${query}`));
    return (chunk as JsonObject[]).map(event => `${event.state_key}`.slice(1, 4)).sort();
  };
  assert.deepEqual(await members(''), ['ali', 'bob', 'car']);
  assert.deepEqual(await members('membership=join'), ['ali', 'car']);
  assert.deepEqual(await members('not_membership=join'), ['bob']);
  assert.deepEqual(await members('membership=join&not_membership=leave'), ['ali', 'car']);
  assert.deepEqual(await members(`at=${before}`), ['ali', 'bob']);
  assert.deepEqual(await members(`at=${before}&membership=join`), ['ali', 'bob']);
  assert.deepEqual(await members('at=t0'), ['ali'], 'before the first event: as the room began');
  assert.deepEqual(await members('', 'bob'), ['ali', 'bob', 'car'], 'as it was when he left');
  await api.join('dora', room);
  assert.deepEqual(await members('', 'bob'), ['ali', 'bob', 'car']);
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/members?membership=x`)), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await refusal(api.get('alice', `/v3/rooms/${room}/members?at=x`)), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await api.ok(api.get('alice', `/v3/rooms/${room}/joined_members`)), {
    joined: {
      '@alice:one.example': { display_name: 'ALICE', avatar_url: null },
      '@carol:one.example': { display_name: 'CAROL', avatar_url: null },
      '@dora:one.example': { display_name: 'DORA', avatar_url: null },
    },
  });
});
