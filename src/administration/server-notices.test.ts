import assert from 'node:assert/strict';
import { type Caller, withAdmin } from '../../test/support/admin-world.ts';
import type { JsonObject } from '../core/json.ts';

const at = encodeURIComponent;
const PATH = 'v1/send_server_notice';
const SENDER = '@_server:one.example';

function notice(user: Caller, body = 'maintenance at noon'): JsonObject {
  return { user_id: user.id, content: { msgtype: 'm.text', body } };
}

async function invitedTo(user: Caller): Promise<string> {
  const { rooms } = await user.ok('GET', 'c/v3/sync');
  const [room, ...others] = Object.keys(rooms?.invite ?? {});
  assert.deepEqual(others, []);
  return room ?? assert.fail('no invite came');
}

withAdmin('the server tells a user something, in a room that cannot be declined', async (world, root) => {
  const alice = await world.user('alice');
  const { event_id: eventId } = await root.ok('POST', PATH, notice(alice));
  const room = await invitedTo(alice);
  const { rooms } = await alice.ok('GET', 'c/v3/sync');
  const events = (rooms?.invite?.[room]?.invite_state?.events ?? []) as unknown as { sender: string }[];
  assert.equal(events[0]?.sender, SENDER);
  await alice.refused(403, 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM', 'POST', `c/v3/rooms/${at(room)}/leave`, {});
  const own = `c/v3/rooms/${at(room)}/state/m.room.member/${at(alice.id)}`;
  await alice.refused(403, 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM', 'PUT', own, { membership: 'leave' });
  await alice.ok('POST', `c/v3/join/${at(room)}`, {});
  const shown = await alice.ok('GET', `c/v3/rooms/${at(room)}/event/${at(String(eventId))}`);
  assert.deepEqual([shown.sender, shown.content?.body], [SENDER, 'maintenance at noon']);
  const { tags } = await alice.ok('GET', `c/v3/user/${alice.id}/rooms/${at(room)}/tags`);
  assert.deepEqual(tags, { 'm.server_notice': {} });
  await alice.refused(403, 'M_FORBIDDEN', 'PUT', `c/v3/rooms/${at(room)}/send/m.room.message/x`, {
    msgtype: 'm.text',
    body: 'but',
  });
  const { name, federatable } = await root.ok('GET', `v1/rooms/${at(room)}`);
  assert.deepEqual([name, federatable], ['Server notices', false]);
  await alice.ok('POST', `c/v3/rooms/${at(room)}/leave`, {});
  await root.ok('POST', PATH, notice(alice, 'again'));
  assert.equal(await invitedTo(alice), room, 'the same room again');
});

withAdmin('a notice with a transaction ID is sent once, and state can be set', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const send = async (txn: string, user: Caller) => (await root.ok('PUT', `${PATH}/${txn}`, notice(user))).event_id;
  assert.equal(await send('1', alice), await send('1', alice));
  assert.notEqual(await send('1', alice), await send('2', alice));
  const state = { user_id: bob.id, type: 'org.example.notice', state_key: '', content: { level: 1 } };
  await root.ok('POST', PATH, state);
  const room = await invitedTo(bob);
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  assert.deepEqual(await bob.ok('GET', `c/v3/rooms/${at(room)}/state/org.example.notice/`), { level: 1 });
});

withAdmin('a deleted room for notices is replaced, and a closed account leaves it', async (world, root) => {
  const alice = await world.user('alice');
  await root.ok('POST', PATH, notice(alice));
  const room = await invitedTo(alice);
  await root.ok('DELETE', `v1/rooms/${at(room)}`, {});
  await root.ok('POST', PATH, notice(alice));
  assert.notEqual(await invitedTo(alice), room);
  const ignored = { ignored_users: { [SENDER]: {} } };
  await alice.ok('PUT', `c/v3/user/${alice.id}/account_data/m.ignored_user_list`, ignored);
  await root.ok('POST', PATH, notice(alice));
  await root.ok('POST', `v1/deactivate/${alice.id}`, {});
  await root.refused(400, 'M_INVALID_PARAM', 'POST', PATH, notice(alice));
});

withAdmin('nobody speaks for the server', async (world, root) => {
  const alice = await world.user('alice');
  await alice.refused(403, 'M_FORBIDDEN', 'POST', PATH, notice(alice));
  await root.refused(404, 'M_NOT_FOUND', 'POST', PATH, { user_id: '@nobody:one.example', content: {} });
  await root.refused(400, 'M_MISSING_PARAM', 'POST', PATH, { user_id: alice.id });
  const wanted = { username: '_server', password: 'a long password', auth: { type: 'm.login.dummy' } };
  const { status, body } = await world.call('POST', 'c/v3/register', 'none', wanted);
  assert.deepEqual([status, body.errcode], [400, 'M_USER_IN_USE']);
  await root.refused(400, 'M_USER_IN_USE', 'PUT', `v2/users/${SENDER}`, { password: 'a long password' });
});
