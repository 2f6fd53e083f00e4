import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../../../test/support/push.ts';
import { ScriptedResident } from '../../../test/support/scripted-resident.ts';
import { ServerWorld } from '../../../test/support/server-world.ts';
import { getArray, getObject, type Json, type JsonObject } from '../../core/json.ts';

const enc = encodeURIComponent;

/** A room with some members, of whom nobody is told at the join. */
async function start(t: TestContext, members: number, servers: readonly string[] = []) {
  const world = new ServerWorld();
  const server = await world.server(t, 'one.example');
  const peer = await ScriptedResident.start(t, world, 'peer.example');
  for (let at = 0; at < members; at++) peer.room.member(`@u${at}:peer.example`, 'join');
  peer.servers = servers;
  const alice = await server.user('alice');
  const room = peer.room.roomId;
  const join = () => alice.call('POST', `/v3/join/${enc(room)}?via=peer.example`);
  const joined = async () => {
    const { joined } = await alice.ok('GET', `/v3/rooms/${enc(room)}/joined_members`);
    return Object.keys(joined as JsonObject).length;
  };
  const asked = (what: string) => world.carried.filter(({ uri }) => uri.includes(`/${what}/`)).length;
  return { world, server, peer, alice, room, join, joined, asked };
}

test('few members are asked for one by one, many as a whole state', async t => {
  for (const [count, asks] of [
    [10, 0],
    [100, 1],
  ] as const) {
    const { join, joined, asked } = await start(t, count);
    assert.equal((await join()).status, 200);
    assert.equal(await joined(), count + 2);
    assert.equal(asked('state'), asks);
  }
});

test('members who changed their names, or came by an invitation, arrive in small rooms too', async t => {
  const { peer, join, joined, asked } = await start(t, 10);
  for (let at = 0; at < 3; at++) {
    const renamed = `@u${at}:peer.example`;
    peer.room.member(renamed, 'join', renamed, { displayname: `number ${at}` });
    peer.room.member(peer.owner, 'invite', `@invited${at}:peer.example`);
    peer.room.member(`@invited${at}:peer.example`, 'join');
  }
  assert.equal((await join()).status, 200);
  assert.equal(await joined(), 15);
  assert.equal(asked('state'), 0);
});

test('a state that is another than the one at the join is not taken: the next server is asked', async t => {
  const { world, peer, join, joined } = await start(t, 50, ['honest.example']);
  const honest = await world.peer(t, 'honest.example', ({ uri, body }, response) => {
    const { told } = peer;
    peer.told = answer => answer;
    try {
      return peer.handle(uri, body, response);
    } finally {
      peer.told = told;
    }
  });
  assert.equal(honest.serverName, 'honest.example');
  const other = peer.room.make({
    type: 'm.room.join_rules',
    sender: peer.owner,
    stateKey: '',
    content: { join_rule: 'x' },
  });
  const rules = peer.room.get('m.room.join_rules').id;
  peer.told = answer => ({
    ...answer,
    pdu_ids: (getArray(answer, 'pdu_ids') ?? []).map((id): Json => (id === rules ? other.id : id)),
  });
  assert.equal((await join()).status, 200);
  assert.equal(await joined(), 52);
  const servers = world.carried.filter(({ uri }) => uri.includes('/state_ids/')).map(({ to }) => to);
  assert.deepEqual(servers, ['peer.example', 'honest.example']);
});

test('while members are still to come the join shows the invite that it took the place of', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const body = { invite: [bob.id], is_direct: true, preset: 'trusted_private_chat' };
  const room = String((await alice.ok('POST', '/v3/createRoom', body)).room_id);
  world.hold = ({ uri }) => uri.includes('/state_ids/') || uri.includes('/event/');
  await bob.ok('POST', `/v3/join/${enc(room)}?via=one.example`);
  const filter = enc(JSON.stringify({ room: { state: { lazy_load_members: true } } }));
  const { rooms } = await bob.ok('GET', `/v3/sync?filter=${filter}`);
  world.hold = () => false;
  const joined = getObject(getObject(rooms as JsonObject, 'join') ?? {}, room) ?? {};
  const events = (getArray(getObject(joined, 'timeline') ?? {}, 'events') ?? []) as readonly JsonObject[];
  const join = events.find(event => event.state_key === bob.id) ?? assert.fail('the join is not shown');
  const { prev_content: before, prev_sender: sender } = getObject(join, 'unsigned') ?? {};
  assert.equal((before as JsonObject | undefined)?.membership, 'invite');
  assert.equal((before as JsonObject | undefined)?.is_direct, true);
  assert.equal(sender, alice.id);
});

test('while members are still to come others others are not let in through us', async t => {
  const { world, server, peer, join, room, joined } = await start(t, 5);
  world.hold = ({ uri }) => uri.includes('/state_ids/');
  assert.equal((await join()).status, 200);
  const two = await world.server(t, 'two.example');
  const bob = await two.user('bob');
  await bob.ok('POST', `/v3/join/${enc(room)}?via=one.example&via=peer.example`);
  const asked = world.carried.filter(({ uri }) => uri.includes('/make_join/') && uri.includes('bob'));
  assert.deepEqual(
    asked.map(({ to }) => to),
    ['one.example', 'peer.example'],
    'who is refused by us goes to the next',
  );
  // Another of our users asks the other server, which knows who is banned.
  const carol = await server.user('carol');
  peer.room.member(peer.owner, 'ban', carol.id);
  const before = peer.sent.length;
  assert.notEqual((await carol.call('POST', `/v3/join/${enc(room)}?via=peer.example`)).status, 200);
  assert.equal(peer.sent.length, before + 1);
  world.hold = () => false;
  assert.ok((await joined()) >= 7);
});

const LAZY = enc(JSON.stringify({ room: { state: { lazy_load_members: true } } }));

const ofRoom = (sync: JsonObject, room: string) =>
  getObject(getObject(getObject(sync, 'rooms') ?? {}, 'join') ?? {}, room);

function namesIn(block: JsonObject | undefined): Json[] {
  const events = ['state', 'timeline'].flatMap(part => getArray(getObject(block ?? {}, part) ?? {}, 'events') ?? []);
  const members = (events as JsonObject[]).filter(event => event.type === 'm.room.member');
  return members.map(event => event.state_key ?? null);
}

const membersIn = (block: JsonObject | undefined) => namesIn(block).length;

test('who loads members lazily has the room at once; others have it with all of its members', async t => {
  const { world, alice, join, room, joined } = await start(t, 50);
  const sync = (query: string) => alice.ok('GET', `/v3/sync?${query}`);
  const [lazy, eager] = [await sync(`filter=${LAZY}`), await sync('')];
  world.hold = ({ uri }) => uri.includes('/state_ids/');
  assert.equal((await join()).status, 200);
  const first = await sync(`filter=${LAZY}&since=${lazy.next_batch}`);
  assert.ok(membersIn(ofRoom(first, room)) <= 2);
  const none = await sync(`since=${eager.next_batch}`);
  assert.equal(ofRoom(none, room), undefined, 'a few members would be taken for all');
  assert.equal(ofRoom(await sync(''), room), undefined);
  const waiting = [
    sync(`timeout=20000&since=${none.next_batch}`),
    sync(`timeout=20000&filter=${LAZY}&since=${first.next_batch}`),
  ];
  world.hold = () => false;
  assert.equal(await joined(), 52);
  const [all, more] = await Promise.all(waiting);
  assert.equal(membersIn(ofRoom(all!, room)), 52);
  const { 'm.joined_member_count': count, 'm.heroes': heroes } = getObject(ofRoom(more!, room)!, 'summary')!;
  const [told, named] = [namesIn(ofRoom(more!, room)), heroes as Json[]];
  assert.equal(named.length, 5);
  assert.ok(told.length <= 5, 'who loads them lazily has no need of the rest');
  assert.ok(told.every(name => named.includes(name)));
  assert.equal(count, 52);
  for (const { device_lists: lists } of [all!, more!])
    assert.equal(getArray(lists as JsonObject, 'changed')?.length, 52, 'whoever shares the room');
  const quiet = await sync(`since=${all!.next_batch}`);
  assert.equal(ofRoom(quiet, room), undefined, 'and that once');
});

test('what is sent while members are still to come reaches the servers that are said to be there, and later none but these', async t => {
  const { world, peer, alice, join, room, joined } = await start(t, 5, ['member.example', 'liar.example']);
  const sent = new Map<string, string[]>();
  for (const name of ['member.example', 'liar.example']) {
    sent.set(name, []);
    const identity = await world.peer(t, name, ({ uri, body }, response) => {
      if (!uri.includes('/send/')) return peer.handle(uri, body, response);
      for (const pdu of getArray(body, 'pdus') ?? [])
        sent.get(name)?.push(String(getObject(getObject({ pdu }, 'pdu') ?? {}, 'content')?.body));
      return { pdus: {} };
    });
    if (name !== 'member.example') continue;
    peer.signed.addServer(identity);
    peer.room.member('@mary:member.example', 'join');
  }
  world.hold = ({ uri }) => uri.includes('/state_ids/');
  assert.equal((await join()).status, 200);
  const say = (body: string) =>
    alice.ok('PUT', `/v3/rooms/${enc(room)}/send/m.room.message/${body}`, { body, msgtype: 'm.text' });
  await say('early');
  world.hold = () => false;
  assert.equal(await joined(), 8);
  await say('late');
  await until(t, () => sent.get('member.example')?.length === 2);
  assert.deepEqual(sent.get('member.example'), ['early', 'late']);
  assert.deepEqual(sent.get('liar.example'), ['early']);
});
