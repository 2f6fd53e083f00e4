import assert from 'node:assert/strict';
import type { Loose } from '../../../test/support/accounts.ts';
import { type AdminWorld, type Caller, over, PASSWORD, SERVER, withAdmin } from '../../../test/support/admin-world.ts';
import type { JsonObject } from '../../core/json.ts';

/** What Ketesa (synapse-admin) and Draupnir ask for, as they write it. synadm itself runs in test/clients. */

const at = encodeURIComponent;
/** Lists that belong to something are sorted by `id` unless a user clicks on a column. */
const REFERENCE = 'from=0&limit=100&order_by=id&dir=b';
const LIST = 'from=0&limit=25&dir=f';

const list = (answer: Loose | undefined) => [...(answer as unknown as Loose[])];

async function roomOf(by: Caller, name: string): Promise<string> {
  const body = { preset: 'public_chat', name, room_alias_name: name };
  return String((await by.ok('POST', 'c/v3/createRoom', body)).room_id);
}

async function say(by: Caller, room: string, body: string): Promise<string> {
  const path = `c/v3/rooms/${at(room)}/send/m.room.message/${body}`;
  return String((await by.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
}

withAdmin('Ketesa logs in from a browser elsewhere, and out', async (world, root) => {
  await preflight(world, '/_synapse/admin/v2/users');
  await preflight(world, '/_matrix/client/r0/login');
  const versions = await fetch(`${world.url}/_synapse/admin/v1/server_version`);
  assert.equal(versions.status, 401);
  const flows = await world.call('GET', '/_matrix/client/r0/login', 'none');
  assert.ok(list(flows.body.flows).some(flow => String(flow.type) === 'm.login.password'));
  const body = {
    initial_device_display_name: 'Synapse Admin',
    type: 'm.login.password',
    user: 'root',
    password: PASSWORD,
  };
  const session = await world.call('POST', '/_matrix/client/r0/login', 'none', body);
  assert.deepEqual([session.body.user_id, session.body.home_server], [root.id, SERVER]);
  const caller = world.caller(root.id, String(session.body.access_token));
  await caller.ok('GET', 'v1/server_version');
  await caller.ok('POST', '/_matrix/client/r0/logout');
  await caller.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'v1/server_version');
});

async function preflight(world: AdminWorld, path: string): Promise<void> {
  const headers = {
    origin: 'https://admin.example',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,content-type',
  };
  const { status, headers: answer } = await fetch(world.url + path, { method: 'OPTIONS', headers });
  assert.ok(status === 200 || status === 204, `${status}`);
  assert.equal(answer.get('access-control-allow-origin'), '*');
  assert.match(answer.get('access-control-allow-methods') ?? '', /PUT/);
  assert.match(answer.get('access-control-allow-headers') ?? '', /authorization/i);
}

withAdmin('Ketesa lists users by every column, and saves one as it was shown', async (world, root) => {
  const alice = await world.user('alice');
  const columns = ['name', 'displayname', 'is_guest', 'admin', 'deactivated', 'user_type', 'creation_ts', 'avatar_url'];
  for (const column of [...columns, 'last_seen_ts', 'locked', 'suspended', 'shadow_banned', 'erased'])
    for (const version of ['v2', 'v3']) {
      const query = `${LIST}&guests=true&deactivated=false&locked=false&order_by=${column}`;
      const { users, total } = await root.ok('GET', `${version}/users?${query}`);
      assert.deepEqual([list(users).length, Number(total)], [2, 2], `${version} ${column}`);
    }
  const shown = await root.ok('GET', `v2/users/${at(alice.id)}`);
  const form = { ...shown, id: alice.id, avatar_src: null, creation_ts_ms: Number(shown.creation_ts) * 1000 };
  const saved = await root.call('PUT', `v2/users/${at(alice.id)}`, form as unknown as JsonObject);
  assert.equal(saved.status, 200, JSON.stringify(saved.body));
  const { last_seen_ts: _, ...before } = shown;
  const { last_seen_ts: __, ...after } = saved.body;
  assert.deepEqual(after, before, 'nothing has changed');
  await alice.ok('GET', 'c/v3/account/whoami');
});

withAdmin('Ketesa shows all that belongs to a user and to a room', async (world, root) => {
  const alice = await world.user('alice');
  const room = await roomOf(alice, 'grove');
  await world.upload(alice, 'some bytes', 'a.txt');
  const lists: [string, string, number][] = [
    [`v2/users/${at(alice.id)}/devices?${REFERENCE}`, 'devices', 1],
    [`v1/users/${at(alice.id)}/pushers?${REFERENCE}`, 'pushers', 0],
    [`v1/users/${at(alice.id)}/joined_rooms?${REFERENCE}`, 'joined_rooms', 1],
    [`v1/users/${at(alice.id)}/memberships?${REFERENCE}`, 'memberships', 1],
    [`v1/users/${at(alice.id)}/media?${LIST}&order_by=created_ts`, 'media', 1],
    [`v1/rooms/${room}/members?${REFERENCE}`, 'members', 1],
    [`v1/rooms/${room}/forward_extremities?${REFERENCE}`, 'results', 1],
    [`v1/statistics/users/media?${LIST}&order_by=media_length`, 'users', 1],
    [`v1/rooms?${LIST}&order_by=name&search_term=grove`, 'rooms', 1],
    [`v1/event_reports?${LIST}&order_by=received_ts`, 'event_reports', 0],
    ['v1/registration_tokens?from=0&limit=25&dir=f&order_by=token&valid=true', 'registration_tokens', 0],
    ['v1/scheduled_tasks', 'scheduled_tasks', 0],
  ];
  for (const [path, key, expected] of lists) {
    const answer = await root.ok('GET', path);
    const found = answer[key] ?? assert.fail(`${path} has no ${key}`);
    assert.equal(Object.keys(found).length, expected, path);
  }
  assert.ok(list((await root.ok('GET', `v1/rooms/${room}/state?${REFERENCE}`)).state).length > 3);
  assert.equal((await root.ok('GET', `v1/whois/${at(alice.id)}`)).user_id, alice.id);
  for (const column of ['name', 'joined_members', 'joined_local_members', 'state_events', 'version', 'encryption'])
    assert.equal(list((await root.ok('GET', `v1/rooms?${LIST}&order_by=${column}`)).rooms).length, 1, column);
  await root.ok('PUT', `/_matrix/client/r0/directory/list/room/${room}`, { visibility: 'public' });
  const { chunk } = await root.ok('GET', `/_matrix/client/r0/publicRooms?${LIST}`);
  assert.deepEqual(
    list(chunk).map(each => each.room_id),
    [room],
  );
  await root.ok('GET', `v1/users/${at(alice.id)}/override_ratelimit`);
  await root.ok('GET', `v1/users/${at(alice.id)}/accountdata`);
  const { features } = await root.ok('GET', `v1/experimental_features/${at(alice.id)}`);
  assert.deepEqual(features, {});
  await root.ok('PUT', `v1/experimental_features/${at(alice.id)}`, { features: {} });
  const wish = { features: { msc3881: true } };
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', `v1/experimental_features/${at(alice.id)}`, wish);
  await root.refused(404, 'M_NOT_FOUND', 'GET', `v1/experimental_features/@nobody:${SERVER}`);
});

withAdmin('Draupnir reads reports with what they are about, and acts on them', async (world, root) => {
  const [bob, mallory] = [await world.user('bob'), await world.user('mallory')];
  assert.deepEqual(await root.ok('GET', `v1/users/${at(root.id)}/admin`), { admin: true });
  const room = await roomOf(bob, 'hall');
  await mallory.ok('POST', `c/v3/join/${at(room)}`);
  const spam = await say(mallory, room, 'spam');
  await bob.ok('POST', `c/v3/rooms/${at(room)}/report/${at(spam)}`, { reason: 'spam' });
  const polled = await root.ok('GET', 'v1/event_reports?from=0');
  const [report] = list(polled.event_reports);
  assert.deepEqual([report?.room_id, report?.event_id, report?.user_id], [room, spam, bob.id]);
  const { event } = await root.ok('GET', `v1/rooms/${at(room)}/context/${at(spam)}?limit=1`);
  assert.equal(event?.content?.body, 'spam');
  await root.ok('PUT', `v1/suspend/${at(mallory.id)}`, { suspend: true });
  await mallory.refused(403, 'M_USER_SUSPENDED', 'PUT', `c/v3/rooms/${at(room)}/send/m.room.message/2`, { body: 'x' });
  assert.equal((await root.ok('GET', `v2/users/${at(mallory.id)}`)).suspended, true);
  const { redact_id: task } = await root.ok('POST', `v1/user/${at(mallory.id)}/redact`, { rooms: [] });
  assert.equal((await over(root, `v1/user/redact_status/${String(task)}`)).status, 'complete');
  assert.deepEqual((await bob.ok('GET', `c/v3/rooms/${at(room)}/event/${at(spam)}`)).content, {});
  await root.ok('POST', `v1/deactivate/${at(mallory.id)}`, { erase: true });
  await mallory.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
});

withAdmin('Draupnir takes over a room, and shuts one down', async (world, root) => {
  const bob = await world.user('bob');
  const room = await roomOf(bob, 'hall');
  await root.ok('POST', `v1/rooms/${at(room)}/make_room_admin`, { user_id: root.id });
  await root.ok('POST', `c/v3/join/${at(room)}`);
  await root.ok('POST', `c/v3/rooms/${at(room)}/ban`, { user_id: `@spammer:elsewhere.example` });
  assert.equal((await root.ok('GET', `v1/rooms/${at(room)}`)).name, 'hall');
  const body = { new_room_user_id: root.id, block: true, message: 'Shut down', purge: true };
  const { delete_id: id } = await root.ok('DELETE', `v2/rooms/${at(room)}`, body);
  assert.equal((await over(root, `v2/rooms/delete_status/${String(id)}`)).status, 'complete');
  await root.refused(404, 'M_NOT_FOUND', 'POST', `c/v3/join/${at(room)}`);
  assert.deepEqual(await root.ok('GET', `v1/rooms/${at(room)}/block`), { block: true, user_id: root.id });
});
