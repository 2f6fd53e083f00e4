import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { ALICE, setState } from '../../../../test/support/rooms.ts';
import type { RoomId } from '../../../core/ids.ts';
import { getObject, type JsonObject } from '../../../core/json.ts';
import { MOST_HELD } from '../../../sync/state-delta.ts';

interface Block {
  readonly state_after: { readonly events: readonly JsonObject[] };
  readonly timeline: { readonly events: readonly JsonObject[] };
}

onEachDatabase('the state at the end has the name by which it was asked for', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { name: 'Grove' });
  for (const [query, name] of [
    ['', 'state'],
    ['?use_state_after=false', 'state'],
    ['?use_state_after=true', 'state_after'],
    ['?org.matrix.msc4222.use_state_after=true', 'org.matrix.msc4222.state_after'],
    ['?use_state_after=true&org.matrix.msc4222.use_state_after=true', 'state_after'],
  ] as const) {
    const { rooms = {} } = await api.ok(api.get('alice', `/v3/sync${query}`));
    const block = getObject(getObject(rooms as JsonObject, 'join') ?? {}, room) ?? {};
    const names = Object.keys(block).filter(key => key.endsWith('state') || key.endsWith('state_after'));
    assert.deepEqual(names, [name], query);
  }
});

onEachDatabase('the state of a large room is read while it is written, and is all there', async (db, t) => {
  const api = new RoomApi(db, t);
  const small = await api.create('alice', { name: 'Grove' });
  const large = await api.create('alice', { name: 'Forest' });
  const room = (await api.rooms.rooms.find(db, large as RoomId)) ?? assert.fail();
  const keys = Array.from({ length: MOST_HELD + 20 }, (_, at) => `${at}`);
  const set = (key: string) => setState(api.rooms, room, ALICE, 'org.example.tree', { size: 1 }, key);
  // A room lets no more than a thousand wait.
  for (let at = 0; at < keys.length; at += 100) await Promise.all(keys.slice(at, at + 100).map(set));
  const byNids = t.mock.method(api.rooms.events, 'byNids');
  const { rooms, next_batch: since } = await api.ok(api.get('alice', '/v3/sync?use_state_after=true'));
  const most = Math.max(...byNids.mock.calls.map(({ arguments: [, nids] }) => [...nids].length));
  assert.ok(most <= 50, `${most} events at a time`);
  const block = (id: string) => getObject(getObject(rooms as JsonObject, 'join') ?? {}, id) as unknown as Block;
  const idsOf = (events: readonly JsonObject[]) => events.map(event => event.event_id).sort();
  for (const id of [small, large]) {
    const state = (await api.ok(api.get('alice', `/v3/rooms/${id}/state`))) as unknown as JsonObject[];
    assert.deepEqual(idsOf(block(id).state_after.events), idsOf(state));
    assert.ok(block(id).timeline.events.length > 0);
  }
  assert.deepEqual(Object.keys(block(large)).sort(), Object.keys(block(small)).sort());
  const next = await api.ok(api.get('alice', `/v3/sync?since=${since}`));
  assert.equal(next.rooms, undefined, 'nothing is left to be told');
});

onEachDatabase('a filter that is written into the request is held against what filters are', async (db, t) => {
  const api = new RoomApi(db, t);
  const ask = (filter: JsonObject) =>
    refusal(api.get('alice', `/v3/sync?filter=${encodeURIComponent(JSON.stringify(filter))}`));
  for (const filter of [
    { room: { state: { lazy_load_members: 'true' } } },
    { room: { timeline: { limit: -1 } } },
    { room: { timeline: { types: 'm.room.message' } } },
    { room: { include_leave: 1 } },
    { room: [] },
    { presence: { senders: [5] } },
    { event_fields: 'content' },
    { event_format: 'other' },
  ])
    assert.deepEqual(await ask(filter), [400, 'M_INVALID_PARAM'], JSON.stringify(filter));
  const whole = { limit: 1, types: null, not_types: ['*'], senders: [], contains_url: false, unknown: 5 };
  assert.deepEqual(await ask({ room: { timeline: whole, include_leave: false }, event_format: 'client' }), [
    200,
    undefined,
  ]);
});
