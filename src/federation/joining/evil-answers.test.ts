import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ScriptedResident } from '../../../test/support/scripted-resident.ts';
import { ServerWorld } from '../../../test/support/server-world.ts';
import type { Client } from '../../../test/support/whole-server.ts';
import { getObject, type Json, type JsonObject } from '../../core/json.ts';

const enc = encodeURIComponent;

async function start(t: TestContext, version = '11') {
  const world = new ServerWorld();
  const server = await world.server(t, 'one.example');
  const evil = await ScriptedResident.start(t, world, 'evil.example', version);
  const alice = await server.user('alice');
  const join = () => alice.call('POST', `/v3/join/${enc(evil.room.roomId)}?via=evil.example`, { reason: 'hello' });
  return { world, server, evil, alice, join };
}

async function joinedRooms(user: Client): Promise<Json | undefined> {
  return (await user.ok('GET', '/v3/joined_rooms')).joined_rooms;
}

async function stateOf(user: Client, room: string): Promise<JsonObject[]> {
  return (await user.ok('GET', `/v3/rooms/${enc(room)}/state`)) as unknown as JsonObject[];
}

const types = (events: readonly JsonObject[]) => events.map(event => String(event.type));

test('a join by the book works', async t => {
  for (const version of ['1', '10', '12']) {
    const { evil, alice, join } = await start(t, version);
    const { status, body } = await join();
    assert.equal(status, 200, JSON.stringify(body));
    const state = await stateOf(alice, evil.room.roomId);
    assert.deepEqual(types(state).sort(), [
      'm.room.create',
      'm.room.join_rules',
      'm.room.member',
      'm.room.member',
      'm.room.power_levels',
    ]);
  }
});

test('N071 a template that is not what was asked for is never signed', async t => {
  const { evil, alice, join } = await start(t);
  const bad: (readonly [string, (template: JsonObject) => Json])[] = [
    ['type', template => ({ ...template, type: 'm.room.power_levels' })],
    ['sender', template => ({ ...template, sender: '@bob:one.example' })],
    ['state_key', template => ({ ...template, state_key: '@bob:one.example' })],
    ['no state_key', ({ state_key: _, ...template }) => template],
    ['room', template => ({ ...template, room_id: '!other:evil.example' })],
    ['no room', ({ room_id: _, ...template }) => template],
    ['membership', template => ({ ...template, content: { membership: 'invite' } })],
    ['content', template => ({ ...template, content: 'join' })],
    ['prev_events', template => ({ ...template, prev_events: [] })],
    ['many prev_events', template => ({ ...template, prev_events: Array.from({ length: 21 }, (_, at) => `$${at}`) })],
    ['odd auth_events', template => ({ ...template, auth_events: [5] })],
    ['depth', template => ({ ...template, depth: 'deep' })],
    ['negative depth', template => ({ ...template, depth: -1 })],
    ['no object', () => 'template'],
  ];
  for (const [what, change] of bad) {
    evil.template = change;
    const { status, body } = await join();
    assert.equal(status, 502, what);
    assert.match(String(body.error), /evil\.example answered what cannot be used/);
  }
  evil.template = template => template;
  for (const version of ['99', 5, {}]) {
    evil.roomVersion = version;
    assert.equal((await join()).status, 502);
  }
  assert.deepEqual(evil.sent, []);
  assert.deepEqual(await joinedRooms(alice), []);
});

test('N071 of a template only the place in the room is taken', async t => {
  const { evil, join } = await start(t, '10');
  evil.template = template => ({
    ...template,
    content: { membership: 'join', displayname: 'Evil', reason: 'evil', join_authorised_via_users_server: 5, more: 1 },
    origin_server_ts: 1,
    unsigned: { age: 1 },
    redacts: '$x',
    evil: true,
  });
  assert.equal((await join()).status, 200);
  const [sent = {}] = evil.sent;
  assert.deepEqual(sent.content, { membership: 'join', displayname: 'alice', reason: 'hello' });
  assert.ok(Number(sent.origin_server_ts) > 1);
  assert.deepEqual(Object.keys(getObject(sent, 'signatures') ?? {}), ['one.example']);
  for (const key of ['unsigned', 'redacts', 'evil']) assert.ok(!Object.hasOwn(sent, key), key);
});

test('N071 the same holds for leaves and knocks', async t => {
  const { evil, alice } = await start(t);
  evil.room.joinRule('knock', evil.owner);
  const knock = () => alice.call('POST', `/v3/knock/${enc(evil.room.roomId)}?via=evil.example`);
  evil.template = template => ({ ...template, content: { membership: 'join' } });
  assert.equal((await knock()).status, 502);
  assert.deepEqual(evil.sent, []);
  evil.template = template => ({ ...template, content: { membership: 'knock', evil: true } });
  assert.equal((await knock()).status, 200);
  const [sent = {}] = evil.sent.splice(0) as JsonObject[];
  assert.deepEqual(sent.content, { membership: 'knock', displayname: 'alice' });
  evil.template = template => ({ ...template, sender: evil.owner, state_key: evil.owner });
  await alice.ok('POST', `/v3/rooms/${enc(evil.room.roomId)}/leave`);
  assert.deepEqual(evil.sent, [], 'it is ended here alone');
  const { rooms = {} } = await alice.ok('GET', '/v3/sync');
  assert.equal(getObject(rooms as JsonObject, 'knock'), undefined);
});

test('N068 events that are not signed, not of the room or rest on nothing are left out of the state', async t => {
  const { evil, alice, join } = await start(t);
  const { room, owner } = evil;
  const name = (text: string) =>
    room.pdu({ type: 'm.room.name', sender: owner, stateKey: '', content: { name: text } });
  const topic = room.pdu({ type: 'm.room.topic', sender: owner, stateKey: '', content: { topic: 'good' } });
  const restsOnNothing = room.pdu({
    type: 'm.room.avatar',
    sender: owner,
    stateKey: '',
    content: {},
    auth: [`$${'a'.repeat(43)}` as never],
  });
  const foreign = { ...evil.signed.signed(name('foreign')), room_id: '!other:evil.example' };
  const { signatures: _, ...unsigned } = evil.signed.signed(name('unsigned'));
  const tampered = { ...evil.signed.signed(name('tampered')), sender: '@other:evil.example' };
  evil.answer = answer => ({
    ...answer,
    state: [
      null,
      5,
      'event',
      {},
      foreign,
      { ...unsigned, signatures: {} },
      tampered,
      evil.signed.signed(restsOnNothing),
      ...evil.signed.state,
      evil.signed.signed(topic),
    ],
  });
  assert.equal((await join()).status, 200);
  const state = await stateOf(alice, room.roomId);
  assert.ok(types(state).includes('m.room.topic'));
  for (const type of ['m.room.name', 'm.room.avatar']) assert.ok(!types(state).includes(type), type);
});

test('N068 without what authorises the join there is none', async t => {
  const { evil, alice, join } = await start(t);
  const without = (type: string) => (answer: JsonObject) => ({
    ...answer,
    state: evil.signed.state.filter(event => event.type !== type),
    auth_chain: evil.signed.authChain.filter(event => event.type !== type),
  });
  for (const answer of [without('m.room.create'), () => ({}), () => [], () => ({ state: 5, auth_chain: 'x' })]) {
    evil.answer = answer as typeof evil.answer;
    const { status } = await join();
    assert.ok(status === 502 || status === 403, String(status));
    assert.deepEqual(await joinedRooms(alice), []);
  }
  // A state in which the user is banned, or nobody may join.
  evil.room.member(evil.owner, 'ban', alice.id);
  evil.answer = answer => ({ ...answer, state: evil.signed.state });
  assert.ok((await join()).status >= 400);
  assert.deepEqual(await joinedRooms(alice), []);
});

test('a room cannot be passed off as one of another version', async t => {
  const { evil, alice, join } = await start(t, '10');
  evil.roomVersion = '9';
  const { status } = await join();
  assert.ok(status === 502, String(status));
  assert.deepEqual(await joinedRooms(alice), []);
  evil.roomVersion = '10';
  assert.equal((await join()).status, 200);
});

test('a restricted join comes back with the signature of the server that lets in, or not at all', async t => {
  const { evil, alice, join } = await start(t);
  evil.room.send({
    type: 'm.room.join_rules',
    sender: evil.owner,
    stateKey: '',
    content: { join_rule: 'restricted', allow: [] },
  });
  const content = { membership: 'join', join_authorised_via_users_server: evil.owner };
  evil.template = template => ({
    ...template,
    content,
    auth_events: [...(template.auth_events as Json[]), evil.room.get('m.room.member', evil.owner).id],
  });
  assert.equal((await join()).status, 502, 'it is not signed');
  evil.answer = answer => ({ ...answer, event: { ...(answer.event as JsonObject), content: { membership: 'ban' } } });
  assert.equal((await join()).status, 502);
  assert.deepEqual(await joinedRooms(alice), []);
  evil.answer = answer => {
    const event = answer.event as JsonObject;
    const signed = evil.signed.signed({ ...event, sender: event.sender! });
    return { ...answer, event: signed };
  };
  // `signed` signs in the name of the sender's server where it knows it, else in its own.
  const { status, body } = await join();
  assert.equal(status, 200, JSON.stringify(body));
});
