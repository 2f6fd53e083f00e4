import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WholeServer } from '../../test/support/whole-server.ts';
import type { JsonObject } from '../core/json.ts';

const BLOCKED = [403, 'M_INVITE_BLOCKED'];

test('who wants no invites gets none, by whatever way, and sees none that are there', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const make = async () => String((await bob.ok('POST', '/v3/createRoom', { preset: 'private_chat' })).room_id);
  const [early, late] = [await make(), await make()];
  const invites = async () => {
    const { rooms = {} } = await alice.ok('GET', '/v3/sync');
    return Object.keys(((rooms as JsonObject).invite ?? {}) as JsonObject);
  };
  const config = (type: string, content: JsonObject) =>
    alice.ok('PUT', `/v3/user/${alice.id}/account_data/${type}`, content);
  const invite = async (room: string) => {
    const { status, body } = await bob.call('POST', `/v3/rooms/${room}/invite`, { user_id: alice.id });
    return [status, body.errcode];
  };
  assert.deepEqual(await invite(early), [200, undefined]);
  assert.deepEqual(await invites(), [early]);

  await config('m.invite_permission_config', { default_action: 'block' });
  assert.deepEqual(await invites(), []);
  assert.deepEqual(await invite(late), BLOCKED);
  const state = await bob.call('PUT', `/v3/rooms/${late}/state/m.room.member/${alice.id}`, { membership: 'invite' });
  assert.deepEqual([state.status, state.body.errcode], BLOCKED);
  const created = await bob.call('POST', '/v3/createRoom', { invite: [alice.id] });
  assert.deepEqual([created.status, created.body.errcode], BLOCKED);
  const joined = (await bob.ok('GET', '/v3/joined_rooms')).joined_rooms as unknown[];
  assert.equal(joined.length, 2);

  await config('m.invite_permission_config', {});
  assert.deepEqual(await invites(), [early]);
  await config('org.matrix.msc4155.invite_permission_config', { ignored_users: [bob.id] });
  assert.deepEqual(await invite(late), [200, undefined]);
  assert.deepEqual(await invites(), []);
  const { notifications } = await alice.ok('GET', '/v3/notifications');
  assert.equal((notifications as unknown[]).length, 1);
  await config('org.matrix.msc4155.invite_permission_config', { ignored_users: [bob.id], allowed_users: [bob.id] });
  assert.deepEqual(new Set(await invites()), new Set([early, late]));
});

test('no bridge speaks any protocol yet, and that is said', async t => {
  const server = await new WholeServer(t).start();
  const alice = await server.user('alice');
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/protocols'), {});
  for (const path of ['protocol/irc', 'location/irc?x=y', 'user/irc', 'location?alias=%23a:b', 'user?userid=@a:b']) {
    const { status, body } = await alice.call('GET', `/v3/thirdparty/${path}`);
    assert.deepEqual([status, body.errcode], [404, 'M_NOT_FOUND'], path);
  }
  for (const path of ['location', 'user']) {
    const { status, body } = await alice.call('GET', `/v3/thirdparty/${path}`);
    assert.deepEqual([status, body.errcode], [400, 'M_MISSING_PARAM'], path);
  }
  const nobody = await server.call('GET', '/v3/thirdparty/protocol/irc', '');
  assert.equal(nobody.status, 401);
});
