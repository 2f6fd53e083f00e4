import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerWorld } from '../../test/support/server-world.ts';
import type { Client } from '../../test/support/whole-server.ts';
import { getArray, getObject, type JsonObject } from '../core/json.ts';

/** A section of a user's initial sync, by room. */
async function section(user: Client, name: string): Promise<JsonObject> {
  const { rooms = {} } = await user.ok('GET', '/v3/sync');
  return getObject(rooms as JsonObject, name) ?? {};
}

async function inviteOf(user: Client, room: string): Promise<readonly JsonObject[]> {
  const invite = getObject(await section(user, 'invite'), room);
  const state = invite === undefined ? undefined : getObject(invite, 'invite_state');
  return (getArray(state ?? {}, 'events') ?? []) as readonly JsonObject[];
}

function contentIn(events: readonly JsonObject[], type: string, key = ''): JsonObject {
  const event = events.find(each => each.type === type && each.state_key === key);
  return getObject(event ?? assert.fail(`no ${type} ${key}`), 'content') ?? {};
}

const membershipIn = async (user: Client, room: string, target: string) =>
  (await user.call('GET', `/v3/rooms/${room}/state/m.room.member/${target}`)).body.membership;

test('a user is invited to a room of another server and sees what room it is', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  for (const version of ['1', '6', '11', '12']) {
    const { room_id: id } = await alice.ok('POST', '/v3/createRoom', {
      name: `Room ${version}`,
      room_version: version,
    });
    const room = String(id);
    await alice.ok('POST', `/v3/rooms/${room}/invite`, { user_id: bob.id, reason: 'come in' });
    assert.equal(await membershipIn(alice, room, bob.id), 'invite');
    const told = await inviteOf(bob, room);
    assert.equal(contentIn(told, 'm.room.name').name, `Room ${version}`);
    assert.equal(contentIn(told, 'm.room.create').room_version, version);
    assert.equal(contentIn(told, 'm.room.member', alice.id).membership, 'join');
    assert.equal(contentIn(told, 'm.room.member', bob.id).reason, 'come in');
    assert.equal(told.at(-1)?.sender, alice.id);
    assert.equal(await membershipIn(bob, room, bob.id), undefined, 'the room itself is not known there');
  }
});

test('users of other servers can be invited as a room is made', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const body = { invite: [bob.id], is_direct: true, preset: 'trusted_private_chat' };
  const { room_id: room } = await alice.ok('POST', '/v3/createRoom', body);
  const told = await inviteOf(bob, String(room));
  assert.equal(contentIn(told, 'm.room.member', bob.id).is_direct, true);
  world.down.add('two.example');
  const failed = await alice.call('POST', '/v3/createRoom', { invite: [bob.id] });
  assert.equal(failed.status, 502);
  assert.match(String(failed.body.error), /two\.example cannot be reached/);
});

test('who cannot be invited is not, and the inviter reads why', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const room = String((await alice.ok('POST', '/v3/createRoom', {})).room_id);
  const invite = (user: string) => alice.call('POST', `/v3/rooms/${room}/invite`, { user_id: user });
  const nobody = await invite('@nobody:two.example');
  assert.deepEqual([nobody.status, nobody.body.errcode], [403, 'M_FORBIDDEN']);
  assert.match(String(nobody.body.error), /two\.example refused with 403: There is no such user/);
  await bob.ok('PUT', `/v3/user/${bob.id}/account_data/m.invite_permission_config`, { default_action: 'block' });
  const blocked = await invite(bob.id);
  assert.deepEqual([blocked.status, blocked.body.errcode], [403, 'M_INVITE_BLOCKED']);
  world.down.add('two.example');
  assert.equal((await invite(bob.id)).status, 502);
  assert.equal(await membershipIn(alice, room, bob.id), undefined);
  const before = world.carried.length;
  await alice.ok('POST', `/v3/rooms/${room}/leave`);
  assert.equal((await invite(bob.id)).status, 403);
  assert.equal(world.carried.length, before, 'what our rules refuse is not sent');
});

test('N111 an invite of somebody whom the user ignores is not shown', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const type = 'org.matrix.msc4155.invite_permission_config';
  await bob.ok('PUT', `/v3/user/${bob.id}/account_data/${type}`, { ignored_users: [alice.id] });
  const room = String((await alice.ok('POST', '/v3/createRoom', {})).room_id);
  await alice.ok('POST', `/v3/rooms/${room}/invite`, { user_id: bob.id });
  assert.deepEqual(await section(bob, 'invite'), {});
  await bob.ok('PUT', `/v3/user/${bob.id}/account_data/${type}`, {});
  assert.deepEqual(Object.keys(await section(bob, 'invite')), [room]);
});
