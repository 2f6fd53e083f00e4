import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

const to = (rel_type: string, event_id: string, more: JsonObject = {}) => ({
  'm.relates_to': { rel_type, event_id, ...more },
});
const ids = (events: unknown) => (events as JsonObject[]).map(event => event.event_id);

onEachDatabase('relations are listed by type and kind, page by page, both ways', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const root = await api.say('alice', room, 'root');
  const sent: string[] = [];
  for (let i = 0; i < 7; i++) sent.push(await api.say('alice', room, `r${i}`, to('m.thread', root)));
  const path = `/v3/rooms/${room}/send/m.dummy/x`;
  const { event_id: dummy } = await api.ok(api.put('alice', path, to('m.thread', root)));
  const edit = await api.say('alice', room, '* root', { 'm.new_content': { body: 'new' }, ...to('m.replace', root) });
  const list = (rest: string) => api.ok(api.get('alice', `/v1/rooms/${room}/relations/${root}${rest}`));
  assert.deepEqual(ids((await list('?limit=50')).chunk), [edit, dummy, ...sent.toReversed()]);
  assert.deepEqual(ids((await list('/m.thread?limit=50')).chunk), [dummy, ...sent.toReversed()]);
  assert.deepEqual(ids((await list('/m.thread/m.room.message?limit=50')).chunk), sent.toReversed());
  assert.deepEqual((await list('/m.thread/never.sent')).chunk, []);
  for (const dir of ['f', 'b']) {
    const found: unknown[] = [];
    let from = '';
    for (let pages = 0; pages < 9; pages++) {
      const page = await list(`/m.thread/m.room.message?limit=3&dir=${dir}${from}`);
      found.push(...ids(page.chunk));
      if (page.next_batch === undefined) break;
      from = `&from=${page.next_batch}`;
    }
    assert.deepEqual(found, dir === 'f' ? sent : sent.toReversed());
  }
  assert.equal((await list('')).recursion_depth, undefined);
  assert.deepEqual(await refusal(api.get('alice', `/v1/rooms/${room}/relations/$none`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('bob', `/v1/rooms/${room}/relations/${root}`)), [403, 'M_FORBIDDEN']);
  const bad = api.get('alice', `/v1/rooms/${room}/relations/${root}?recurse=maybe`);
  assert.deepEqual(await refusal(bad), [400, 'M_INVALID_PARAM']);
});

onEachDatabase('recursion finds what is related in several steps', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const root = await api.say('alice', room, 'root');
  const reply = await api.say('alice', room, 'reply', to('m.thread', root));
  const edit = await api.say('alice', room, 'edit', { 'm.new_content': { body: 'x' }, ...to('m.replace', reply) });
  const third = await api.say('alice', room, 'third', to('m.reference', edit));
  await api.say('alice', room, 'fourth', to('m.reference', third));
  const list = (rest: string) => api.ok(api.get('alice', `/v1/rooms/${room}/relations/${root}${rest}`));
  const all = await list('?recurse=true');
  assert.deepEqual(ids(all.chunk), [third, edit, reply]);
  assert.equal(all.recursion_depth, 3);
  assert.deepEqual(ids((await list('/m.replace?recurse=true')).chunk), [edit]);
  const page = await list('?recurse=true&limit=2&dir=f');
  assert.deepEqual(ids(page.chunk), [reply, edit]);
  assert.deepEqual(ids((await list(`?recurse=true&limit=2&dir=f&from=${page.next_batch}`)).chunk), [third]);
});

onEachDatabase('events carry their aggregations: edits, threads, references', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const root = await api.say('alice', room, 'root');
  const edited = { 'm.new_content': { body: 'new' }, ...to('m.replace', root) };
  const edit = await api.say('alice', room, '* new', edited);
  await api.say('bob', room, '* not his', edited);
  const reply = await api.say('bob', room, 'reply', to('m.thread', root));
  await api.say('bob', room, 'better', { 'm.new_content': { body: 'b' }, ...to('m.replace', reply) });
  const reference = await api.say('bob', room, 'ref', to('m.reference', root));
  const relationsFor = async (who: string) => {
    const event = await api.ok(api.get(who, `/v3/rooms/${room}/event/${root}`));
    return (event.unsigned as JsonObject)['m.relations'] as Record<string, JsonObject>;
  };
  const relations = await relationsFor('alice');
  assert.equal(relations['m.replace']?.event_id, edit);
  assert.deepEqual(relations['m.reference'], { chunk: [{ event_id: reference }] });
  const thread = relations['m.thread'] as {
    latest_event: JsonObject;
    count: number;
    current_user_participated: boolean;
  };
  assert.deepEqual([thread.latest_event.event_id, thread.count, thread.current_user_participated], [reply, 1, true]);
  assert.ok(JSON.stringify(thread.latest_event.unsigned).includes('m.replace'));
  await api.join('carol', room);
  assert.equal((await relationsFor('carol'))['m.thread']?.current_user_participated, false);
  // A redacted relation is none.
  await api.ok(api.put('alice', `/v3/rooms/${room}/redact/${edit}/x`));
  assert.equal((await relationsFor('alice'))['m.replace'], undefined);
});

/** In a room with Bob, who replies in a thread to what Alice says and edits. */
async function editedThread(api: RoomApi) {
  const room = await api.create('alice');
  await api.join('bob', room);
  const root = await api.say('alice', room, 'root');
  await api.say('alice', room, '* new', { 'm.new_content': { body: 'new' }, ...to('m.replace', root) });
  const reply = await api.say('bob', room, 'reply', to('m.thread', root));
  return { room, root, reply };
}

onEachDatabase('a redacted event keeps its thread and its references, and loses its edits', async (db, t) => {
  const api = new RoomApi(db, t);
  const { room, root, reply } = await editedThread(api);
  const reference = await api.say('bob', room, 'ref', to('m.reference', root));
  await api.ok(api.put('alice', `/v3/rooms/${room}/redact/${root}/x`));
  const { chunk } = await api.ok(api.get('bob', `/v1/rooms/${room}/threads`));
  const { content, unsigned } = (chunk as JsonObject[])[0] as { content: JsonObject; unsigned: JsonObject };
  assert.deepEqual(content, {});
  const relations = unsigned['m.relations'] as { 'm.reference': object; 'm.thread': { latest_event: JsonObject } };
  assert.deepEqual(Object.keys(relations).sort(), ['m.reference', 'm.thread']);
  assert.deepEqual(relations['m.reference'], { chunk: [{ event_id: reference }] });
  assert.equal(relations['m.thread'].latest_event.event_id, reply);
});

onEachDatabase('who ignores somebody is not told how often they replied', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  await api.join('carol', room);
  const root = await api.say('alice', room, 'root');
  const reply = await api.say('bob', room, 'bob', to('m.thread', root));
  for (const body of ['carol', 'again']) await api.say('carol', room, body, to('m.thread', root));
  const thread = async (who: string) => {
    const event = await api.ok(api.get(who, `/v3/rooms/${room}/event/${root}`));
    const relations = (event.unsigned as JsonObject)['m.relations'] as Record<string, JsonObject>;
    const { count, latest_event: latest } = relations['m.thread'] as { count: number; latest_event: JsonObject };
    return [count, latest.event_id];
  };
  assert.equal((await thread('alice'))[0], 3);
  const alice = await api.rooms.nids.users.findOne(db, '@alice:one.example' as never);
  api.ignored.set(alice ?? 0, new Set(['@carol:one.example']));
  assert.deepEqual(await thread('alice'), [1, reply]);
});

onEachDatabase('threads are listed by their last reply, all or one’s own', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  await api.join('bob', room);
  const [one, two, three] = [
    await api.say('alice', room, 'one'),
    await api.say('alice', room, 'two'),
    await api.say('bob', room, 'three'),
  ];
  for (const root of [one, two, three, one]) await api.say('alice', room, 're', to('m.thread', root));
  const list = async (who: string, query = '') => api.ok(api.get(who, `/v1/rooms/${room}/threads${query}`));
  assert.deepEqual(ids((await list('alice')).chunk), [one, three, two]);
  const page = await list('alice', '?limit=2');
  assert.deepEqual(ids(page.chunk), [one, three]);
  assert.deepEqual(ids((await list('alice', `?limit=2&from=${page.next_batch}`)).chunk), [two]);
  assert.deepEqual(ids((await list('bob', '?include=participated')).chunk), [three]);
  await api.say('bob', room, 'me too', to('m.thread', two));
  assert.deepEqual(ids((await list('bob', '?include=participated')).chunk), [two, three]);
  for (const query of ['include=x', 'limit=0', 'from=x']) {
    const answer = refusal(api.get('alice', `/v1/rooms/${room}/threads?${query}`));
    assert.deepEqual(await answer, [400, 'M_INVALID_PARAM']);
  }
});

onEachDatabase('a thread that somebody whom one ignores began is listed without what they said', async (db, t) => {
  const api = new RoomApi(db, t);
  const { room, root, reply } = await editedThread(api);
  const bob = await api.rooms.nids.users.findOne(db, '@bob:one.example' as never);
  api.ignored.set(bob ?? 0, new Set(['@alice:one.example']));
  const { chunk } = await api.ok(api.get('bob', `/v1/rooms/${room}/threads`));
  const [thread] = chunk as { event_id: string; content: JsonObject; unsigned: JsonObject }[];
  assert.deepEqual([thread?.event_id, thread?.content], [root, {}]);
  const relations = thread?.unsigned['m.relations'] as { 'm.thread': { latest_event: JsonObject } };
  assert.deepEqual(Object.keys(relations), ['m.thread']);
  assert.equal(relations['m.thread'].latest_event.event_id, reply);
  assert.deepEqual(ids((await api.ok(api.get('bob', `/v1/rooms/${room}/relations/${root}`))).chunk), [reply]);
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/event/${root}`)), [404, 'M_NOT_FOUND']);
});

onEachDatabase('receipts move forward only, in the room and in threads, and clear what was read', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const root = await api.say('alice', room, 'root');
  const reply = await api.say('alice', room, 'reply', to('m.thread', root));
  const last = await api.say('alice', room, 'last');
  const read = (type: string, event: string, body: object = {}) =>
    refusal(api.post('alice', `/v3/rooms/${room}/receipt/${type}/${event}`, body));
  assert.deepEqual(await read('m.read', last), [200, undefined]);
  assert.equal(api.reads.length, 1);
  assert.deepEqual(await read('m.read', root), [200, undefined]);
  assert.equal(api.reads.length, 1, 'not back');
  assert.deepEqual(await read('m.read.private', root), [200, undefined]);
  assert.deepEqual(await read('m.read', reply, { thread_id: root }), [200, undefined]);
  assert.deepEqual(await read('m.read', root, { thread_id: 'main' }), [200, undefined]);
  assert.deepEqual(
    api.reads.map(([, thread]) => thread),
    [undefined, undefined, root, 'main'],
  );
  const reference = await api.say('alice', room, 'about the root', to('m.reference', root));
  const reaction = await api.say('alice', room, 'to that', to('m.annotation', reference, { key: '👍' }));
  for (const thread_id of [root, 'main']) {
    assert.deepEqual(await read('m.read', reaction, { thread_id }), [200, undefined], thread_id);
  }
  assert.deepEqual(await read('m.read', reply, { thread_id: 'main' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.read', last, { thread_id: root }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.read', last, { thread_id: '' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.read', last, { thread_id: 5 }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.fully_read', last, { thread_id: 'main' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.seen', last), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await read('m.read', '$unknown'), [404, 'M_NOT_FOUND']);
  const other = api.post('bob', `/v3/rooms/${room}/receipt/m.read/${last}`);
  assert.deepEqual(await refusal(other), [403, 'M_FORBIDDEN']);
  await api.ok(api.post('alice', `/v3/rooms/${room}/read_markers`, { 'm.fully_read': last, 'm.read': last }));
  assert.deepEqual([...api.fullyRead.values()], [last]);
  assert.deepEqual(await read('m.fully_read', root), [200, undefined]);
  assert.deepEqual([...api.fullyRead.values()], [last]);
});
