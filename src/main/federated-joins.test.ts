import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerWorld } from '../../test/support/server-world.ts';
import type { Client } from '../../test/support/whole-server.ts';
import { getArray, getObject, type JsonObject } from '../core/json.ts';
import { askServer } from './control.ts';

const enc = encodeURIComponent;

async function make(user: Client, body: JsonObject = {}): Promise<string> {
  return String((await user.ok('POST', '/v3/createRoom', { preset: 'public_chat', ...body })).room_id);
}

async function membership(user: Client, room: string, target: string): Promise<unknown> {
  return (await user.call('GET', `/v3/rooms/${enc(room)}/state/m.room.member/${enc(target)}`)).body.membership;
}

async function joinedMembers(user: Client, room: string): Promise<string[]> {
  const { joined } = await user.ok('GET', `/v3/rooms/${enc(room)}/joined_members`);
  return Object.keys(joined as JsonObject).sort();
}

async function roomsIn(user: Client, section: string): Promise<string[]> {
  const { rooms = {} } = await user.ok('GET', '/v3/sync');
  return Object.keys(getObject(rooms as JsonObject, section) ?? {});
}

test('users join rooms of other servers, of every version, by ID and by alias', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob, carol] = [await one.user('alice'), await two.user('bob'), await two.user('carol')];
  for (const version of ['1', '2', '3', '5', '6', '8', '10', '11', '12']) {
    const room = await make(alice, {
      room_version: version,
      name: `Version ${version}`,
      room_alias_name: `v${version}`,
    });
    await alice.ok('PUT', `/v3/rooms/${enc(room)}/send/m.room.message/1`, { body: 'before', msgtype: 'm.text' });
    const joined = await bob.ok('POST', `/v3/join/${enc(`#v${version}:one.example`)}`, { reason: 'hello' });
    assert.equal(joined.room_id, room);
    assert.equal(await membership(alice, room, bob.id), 'join');
    assert.deepEqual(await joinedMembers(bob, room), [alice.id, bob.id]);
    const name = await bob.ok('GET', `/v3/rooms/${enc(room)}/state/m.room.name`);
    assert.equal(name.name, `Version ${version}`);
    assert.ok((await roomsIn(bob, 'join')).includes(room));
    // We are in the room now: others of ours join without asking anybody.
    const before = world.carried.length;
    await carol.ok('POST', `/v3/rooms/${enc(room)}/join`);
    assert.deepEqual(
      world.carried.slice(before).filter(({ uri }) => uri.includes('make_join')),
      [],
    );
    assert.deepEqual(await joinedMembers(carol, room), [alice.id, bob.id, carol.id]);
  }
});

test('administrators bring their users into rooms of other servers', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob, carol] = [await one.user('alice'), await two.user('bob'), await two.user('carol')];
  const bring = async (user: Client, room: string) => {
    const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
    const path = `/_synapse/admin/v1/join/${room}`;
    const answer = await askServer(two.folder, {
      method: 'POST',
      path,
      headers,
      body: JSON.stringify({ user_id: user.id }),
    });
    return [answer?.status, (JSON.parse(answer?.text ?? '{}') as JsonObject).room_id];
  };
  const room = await make(alice, { room_alias_name: 'hall' });
  assert.deepEqual(await bring(bob, enc(room)), [404, undefined]);
  assert.deepEqual(await bring(bob, `${enc(room)}?server_name=one.example`), [200, room]);
  const other = await make(alice, { room_alias_name: 'other' });
  assert.deepEqual(await bring(carol, enc('#other:one.example')), [200, other]);
  const shut = await make(alice, { preset: 'private_chat' });
  assert.deepEqual(await bring(carol, `${enc(shut)}?server_name=one.example`), [403, undefined]);
  assert.deepEqual(await joinedMembers(alice, room), [alice.id, bob.id]);
  assert.deepEqual(await joinedMembers(alice, other), [alice.id, carol.id]);
});

test('a join goes over the servers that the client names until one helps', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { room_version: '12' });
  const none = await bob.call('POST', `/v3/join/${enc(room)}`);
  assert.deepEqual([none.status, none.body.errcode], [404, 'M_NOT_FOUND']);
  await world.peer(t, 'refuses.example', (_, response) => {
    response.writeHead(404).end(JSON.stringify({ errcode: 'M_NOT_FOUND', error: 'Unknown room' }));
  });
  const in_vain = await bob.call(
    'POST',
    `/v3/join/${enc(room)}?via=gone.example&via=refuses.example&via=two.example&via=-`,
  );
  assert.equal(in_vain.status, 502);
  assert.match(String(in_vain.body.error), /gone\.example cannot be reached/);
  assert.match(String(in_vain.body.error), /refuses\.example refused with 404: Unknown room/);
  await bob.ok('POST', `/v3/join/${enc(room)}?via=gone.example&server_name=refuses.example&server_name=one.example`);
  assert.deepEqual(await joinedMembers(alice, room), [alice.id, bob.id]);
});

test('servers that the client does not name are asked where it names none', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { room_version: '11' });
  await world.peer(t, 'refuses.example', (_, response) => {
    response.writeHead(403).end(JSON.stringify({ errcode: 'M_FORBIDDEN', error: 'Not through us' }));
  });
  // First the server in the room ID is all that there is; then one is known from an earlier stay.
  for (let stay = 0; stay < 2; stay++) {
    const refused = await bob.call('POST', `/v3/join/${enc(room)}?via=refuses.example`);
    assert.deepEqual([refused.status, refused.body.errcode], [403, 'M_FORBIDDEN']);
    await bob.ok('POST', `/v3/join/${enc(room)}`);
    assert.deepEqual(await joinedMembers(alice, room), [alice.id, bob.id]);
    await bob.ok('POST', `/v3/rooms/${enc(room)}/leave`);
  }
});

test('what the other server refuses the user reads, with who said it', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { preset: 'private_chat', room_version: '11' });
  const join = () => bob.call('POST', `/v3/join/${enc(room)}?via=one.example`);
  const refused = await join();
  assert.deepEqual([refused.status, refused.body.errcode], [403, 'M_FORBIDDEN']);
  assert.match(String(refused.body.error), /one\.example refused with 403/);
  await alice.ok('POST', `/v3/rooms/${enc(room)}/invite`, { user_id: bob.id });
  assert.deepEqual(await roomsIn(bob, 'invite'), [room]);
  assert.equal((await bob.call('POST', `/v3/rooms/${enc(room)}/join`)).status, 200, 'the inviter is asked');
  assert.deepEqual(await roomsIn(bob, 'invite'), []);
  await alice.ok('POST', `/v3/rooms/${enc(room)}/ban`, { user_id: bob.id });
});

test('an invite is declined over federation, and for oneself where nobody answers', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { preset: 'private_chat' });
  const invite = () => alice.ok('POST', `/v3/rooms/${enc(room)}/invite`, { user_id: bob.id });
  for (let time = 0; time < 3; time++) {
    await invite();
    assert.deepEqual(await roomsIn(bob, 'invite'), [room]);
    await bob.ok('POST', `/v3/rooms/${enc(room)}/leave`, { reason: 'no thanks' });
    assert.deepEqual(await roomsIn(bob, 'invite'), []);
    assert.equal(await membership(alice, room, bob.id), 'leave');
  }
  await invite();
  world.down.add('one.example');
  await bob.ok('POST', `/v3/rooms/${enc(room)}/leave`);
  assert.deepEqual(await roomsIn(bob, 'invite'), []);
  assert.equal((await bob.call('POST', `/v3/rooms/${enc(room)}/leave`)).status, 200, 'and again');
});

test('a user knocks on a room of another server, takes it back, is refused and is let in', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { preset: 'private_chat', room_version: '11', name: 'Behind the door' });
  const knock = () => bob.call('POST', `/v3/knock/${enc(room)}?via=one.example`, { reason: 'let me in' });
  assert.equal((await knock()).status, 403);
  await alice.ok('PUT', `/v3/rooms/${enc(room)}/state/m.room.join_rules`, { join_rule: 'knock' });
  assert.equal((await bob.call('POST', `/v3/join/${enc(room)}?via=one.example`)).status, 403);
  assert.deepEqual((await knock()).body, { room_id: room });
  assert.equal(await membership(alice, room, bob.id), 'knock');
  const { rooms = {} } = await bob.ok('GET', '/v3/sync');
  const told = getObject(getObject(getObject(rooms as JsonObject, 'knock') ?? {}, room) ?? {}, 'knock_state');
  const types = (getArray(told ?? {}, 'events') as JsonObject[]).map(event => event.type);
  assert.ok(types.includes('m.room.name') && types.includes('m.room.create'));
  assert.equal((await knock()).status, 200, 'who knocked may knock again');
  await bob.ok('POST', `/v3/rooms/${enc(room)}/leave`);
  assert.equal(await membership(alice, room, bob.id), 'leave');
  assert.equal((await knock()).status, 200);
  await alice.ok('POST', `/v3/rooms/${enc(room)}/invite`, { user_id: bob.id });
  assert.deepEqual(await roomsIn(bob, 'invite'), [room]);
  await bob.ok('POST', `/v3/join/${enc(room)}`);
  assert.deepEqual(await joinedMembers(bob, room), [alice.id, bob.id]);
});

test('users who join at the same time come in one after the other', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob, carol] = [await one.user('alice'), await two.user('bob'), await two.user('carol')];
  const room = await make(alice);
  const join = (user: Client) => user.ok('POST', `/v3/join/${enc(room)}?via=one.example`);
  await Promise.all([join(bob), join(carol), join(bob)]);
  assert.deepEqual(await joinedMembers(bob, room), [alice.id, bob.id, carol.id]);
  // The second of them perhaps while the members are still coming.
  assert.ok(world.carried.filter(({ uri }) => uri.includes('send_join')).length <= 2);
});

test('a restricted room lets members of the other room in, whoever of the servers can see it', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob, carol] = [await one.user('alice'), await two.user('bob'), await two.user('carol')];
  const lobby = await make(alice, { room_version: '11' });
  const room = await make(alice, { preset: 'private_chat', room_version: '11' });
  await alice.ok('PUT', `/v3/rooms/${enc(room)}/state/m.room.join_rules`, {
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: lobby }],
  });
  const join = (user: Client, where: string) => user.call('POST', `/v3/join/${enc(where)}?via=one.example`);
  assert.equal((await join(bob, room)).status, 403);
  assert.equal((await join(bob, lobby)).status, 200);
  assert.equal((await join(bob, room)).status, 200);
  assert.deepEqual(await joinedMembers(bob, room), [alice.id, bob.id]);
  // Nobody of two.example may invite, so that Alice's server has to let Carol in too.
  await alice.ok('PUT', `/v3/rooms/${enc(room)}/state/m.room.power_levels`, { users: { [alice.id]: 100 }, invite: 50 });
  assert.equal((await join(carol, lobby)).status, 200);
  const member = await alice.ok('GET', `/v3/rooms/${enc(room)}/state/m.room.member/${enc(bob.id)}`);
  assert.equal(member.join_authorised_via_users_server, alice.id);
});

test('members come after the join, from whoever has them, also after a restart', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = await make(alice, { room_version: '11', name: 'Large' });
  const others = await Promise.all(['a1', 'a2', 'a3'].map(name => one.user(name)));
  for (const user of others) await user.ok('POST', `/v3/join/${enc(room)}`);
  world.hold = ({ uri }) => uri.includes('/state_ids/') || uri.includes('/state/');
  await bob.ok('POST', `/v3/join/${enc(room)}?via=one.example`);
  const name = await bob.ok('GET', `/v3/rooms/${enc(room)}/state/m.room.name`);
  assert.equal(name.name, 'Large', 'the room can be read at once');
  await bob.ok('PUT', `/v3/rooms/${enc(room)}/send/m.room.message/1`, { body: 'hi', msgtype: 'm.text' });
  await two.stop();
  world.hold = () => false;
  await two.start();
  assert.deepEqual(await joinedMembers(bob, room), [alice.id, bob.id, ...others.map(user => user.id)].sort());
});
