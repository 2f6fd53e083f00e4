import assert from 'node:assert/strict';
import { type Caller, withAdmin } from '../../../../test/support/admin-world.ts';
import type { JsonObject } from '../../../core/json.ts';

const at = encodeURIComponent;

async function create(user: Caller, body: JsonObject = {}): Promise<string> {
  return String((await user.ok('POST', 'c/v3/createRoom', { preset: 'public_chat', ...body })).room_id);
}

let sent = 0;
async function say(user: Caller, room: string, body: string): Promise<string> {
  const path = `c/v3/rooms/${at(room)}/send/m.room.message/m${sent++}`;
  return String((await user.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
}

async function names(root: Caller, query: string): Promise<unknown[]> {
  const { rooms } = await root.ok('GET', `v1/rooms?${query}`);
  return (rooms as unknown as { name: string | null }[]).map(room => room.name);
}

withAdmin('rooms are listed by page, order and search, whoever is in them', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const encryption = { type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } };
  const garden = await create(alice, {
    name: 'Garden',
    topic: 'Beds',
    room_alias_name: 'plants',
    visibility: 'public',
  });
  const attic = await create(alice, { name: 'attic', preset: 'private_chat', initial_state: [encryption] });
  const space = await create(bob, {
    name: 'Space 50%',
    room_version: '10',
    creation_content: { type: 'm.space', 'm.federate': false },
  });
  await bob.ok('POST', `c/v3/join/${at(garden)}`, {});
  assert.deepEqual(await names(root, ''), ['attic', 'Garden', 'Space 50%']);
  assert.deepEqual(await names(root, 'dir=b'), ['Space 50%', 'Garden', 'attic']);
  assert.deepEqual((await names(root, 'order_by=joined_members'))[0], 'Garden');
  assert.deepEqual((await names(root, 'order_by=size&dir=b'))[2], 'Garden');
  assert.deepEqual((await names(root, 'order_by=joined_local_members'))[0], 'Garden');
  assert.deepEqual((await names(root, 'order_by=state_events&dir=f'))[0], 'Garden');
  assert.deepEqual((await names(root, 'order_by=encryption&dir=b'))[0], 'attic');
  assert.deepEqual((await names(root, 'order_by=version'))[2], 'Space 50%');
  assert.deepEqual(await names(root, 'search_term=gard'), ['Garden']);
  assert.deepEqual(await names(root, 'search_term=LANTS'), ['Garden']);
  assert.deepEqual(await names(root, 'search_term=one.example'), ['Space 50%'], 'domains count in IDs, not in aliases');
  assert.deepEqual(await names(root, 'search_term=50%25'), ['Space 50%']);
  assert.deepEqual(await names(root, `search_term=${at(attic)}`), ['attic']);
  assert.deepEqual(await names(root, 'public_rooms=true'), ['Garden']);
  assert.deepEqual(await names(root, 'public_rooms=false'), ['attic', 'Space 50%']);
  await bob.ok('POST', `c/v3/rooms/${at(space)}/leave`, {});
  assert.deepEqual(await names(root, 'empty_rooms=true'), ['Space 50%']);
  assert.deepEqual(await names(root, 'empty_rooms=false'), ['attic', 'Garden']);
  const second = await root.ok('GET', 'v1/rooms?limit=1&from=1');
  assert.deepEqual([second.offset, second.total_rooms, second.next_batch, second.prev_batch], [1, 3, 2, 0]);
  assert.deepEqual(second.rooms?.[0], {
    room_id: garden,
    name: 'Garden',
    canonical_alias: '#plants:one.example',
    joined_members: 2,
    joined_local_members: 2,
    version: '12',
    creator: alice.id,
    encryption: null,
    federatable: true,
    public: true,
    join_rules: 'public',
    guest_access: null,
    history_visibility: 'shared',
    state_events: 9,
    room_type: null,
  });
  const [shown] = (await root.ok('GET', `v1/rooms?search_term=${at(space)}`)).rooms as unknown as JsonObject[];
  assert.deepEqual([shown?.room_type, shown?.federatable, shown?.version], ['m.space', false, '10']);
  await alice.refused(403, 'M_FORBIDDEN', 'GET', 'v1/rooms');
  for (const query of ['order_by=owner', 'dir=up', 'from=-1', 'public_rooms=1'])
    await root.refused(400, 'M_INVALID_PARAM', 'GET', `v1/rooms?${query}`);
});

withAdmin('what a list says of a room follows its state', async (world, root) => {
  const alice = await world.user('alice');
  const room = await create(alice, { name: 'Before' });
  const state = (type: string, content: JsonObject) =>
    alice.ok('PUT', `c/v3/rooms/${at(room)}/state/${type}/`, content);
  const named = await state('m.room.name', { name: 'After' });
  assert.deepEqual(await names(root, ''), ['After']);
  await state('m.room.join_rules', { join_rule: 'knock' });
  await state('m.room.name', { name: 7 });
  assert.deepEqual(await names(root, ''), [null]);
  await state('m.room.name', { name: 'Secret' });
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/redact/${at(String(named.event_id))}/r1`, {});
  assert.deepEqual(await names(root, ''), ['Secret'], 'the redaction of what was replaced changes nothing');
  const { event_id: secret } = await state('m.room.name', { name: 'Top secret' });
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/redact/${at(String(secret))}/r2`, {});
  assert.deepEqual(await names(root, ''), [null]);
  const { rooms } = await root.ok('GET', 'v1/rooms');
  assert.equal(rooms?.[0]?.join_rules, 'knock');
});

withAdmin('a room is shown in detail, with members and state', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await create(alice, { name: 'Hall', topic: 'Talk' });
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  const avatar = 'mxc://one.example/a';
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/state/m.room.avatar/`, { url: avatar });
  const shown = await root.ok('GET', `v1/rooms/${at(room)}`);
  assert.deepEqual([shown.name, shown.topic, shown.avatar, shown.joined_local_devices], ['Hall', 'Talk', avatar, 2]);
  assert.deepEqual([shown.forgotten, shown.tombstoned, shown.replacement_room], [false, false, null]);
  const members = await root.ok('GET', `v1/rooms/${at(room)}/members`);
  assert.deepEqual([members.total, members.members], [2, [alice.id, bob.id]]);
  const state = async (query = '') =>
    (await root.ok('GET', `v1/rooms/${at(room)}/state${query}`)).state as unknown as { type: string }[];
  assert.ok((await state()).some(event => event.type === 'm.room.create'));
  assert.deepEqual(
    (await state('?type=m.room.member')).map(event => event.type),
    ['m.room.member', 'm.room.member'],
  );
  assert.deepEqual(await state('?type=org.example.none'), []);
  const { replacement_room: next } = await alice.ok('POST', `c/v3/rooms/${at(room)}/upgrade`, { new_version: '11' });
  for (const user of [alice, bob]) {
    await user.ok('POST', `c/v3/rooms/${at(room)}/leave`, {});
    await user.ok('POST', `c/v3/rooms/${at(room)}/forget`, {});
  }
  const old = await root.ok('GET', `v1/rooms/${at(room)}`);
  assert.deepEqual([old.forgotten, old.tombstoned, old.replacement_room], [true, true, next]);
  for (const path of ['', '/members', '/state', '/messages', '/context/$x', '/timestamp_to_event?ts=1', '/hierarchy'])
    await root.refused(404, 'M_NOT_FOUND', 'GET', `v1/rooms/!none:one.example${path}`);
});

withAdmin('an administrator reads what members only see', async (world, root) => {
  const alice = await world.user('alice');
  const hidden = { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } };
  const room = await create(alice, { preset: 'private_chat', initial_state: [hidden] });
  const [first, second, third] = [
    await say(alice, room, 'one'),
    await say(alice, room, 'two'),
    await say(alice, room, 'three'),
  ];
  await root.refused(403, 'M_FORBIDDEN', 'GET', `c/v3/rooms/${at(room)}/messages?dir=b`);
  const page = await root.ok('GET', `v1/rooms/${at(room)}/messages?dir=b&limit=2`);
  const ids = (events: unknown) => (events as { event_id: string }[]).map(event => event.event_id);
  assert.deepEqual(ids(page.chunk), [third, second]);
  const next = await root.ok('GET', `v1/rooms/${at(room)}/messages?dir=b&limit=1&from=${page.end}`);
  assert.deepEqual(ids(next.chunk), [first]);
  const around = await root.ok('GET', `v1/rooms/${at(room)}/context/${at(second)}?limit=2`);
  assert.deepEqual([ids(around.events_before), ids(around.events_after)], [[first], [third]]);
  assert.equal(around.event?.event_id, second);
  assert.ok((around.state as unknown as unknown[]).length > 5);
  const near = await root.ok('GET', `v1/rooms/${at(room)}/timestamp_to_event?ts=${Date.now() + 1000}&dir=b`);
  assert.equal(near.event_id, third);
  const { event } = await root.ok('GET', `v1/fetch_event/${at(second)}`);
  assert.deepEqual([event?.event_id, event?.room_id, event?.content?.body], [second, room, 'two']);
  assert.ok(Array.isArray(event?.auth_events) && typeof event?.signatures === 'object');
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/fetch_event/$none');
  await root.refused(400, 'M_MISSING_PARAM', 'GET', `v1/rooms/${at(room)}/timestamp_to_event`);
});

withAdmin('a space is shown with rooms that nobody else may know of', async (world, root) => {
  const alice = await world.user('alice');
  const space = await create(alice, { preset: 'private_chat', creation_content: { type: 'm.space' }, name: 'Space' });
  const child = await create(alice, { preset: 'private_chat', name: 'Child' });
  await alice.ok('PUT', `c/v3/rooms/${at(space)}/state/m.space.child/${at(child)}`, { via: ['one.example'] });
  const { rooms } = await root.ok('GET', `v1/rooms/${at(space)}/hierarchy`);
  assert.deepEqual(
    (rooms as unknown as { name: string }[]).map(room => room.name),
    ['Space', 'Child'],
  );
  const top = await root.ok('GET', `v1/rooms/${at(space)}/hierarchy?max_depth=0`);
  assert.equal((top.rooms as unknown as unknown[]).length, 1);
  const page = await root.ok('GET', `v1/rooms/${at(space)}/hierarchy?limit=1`);
  const rest = await root.ok('GET', `v1/rooms/${at(space)}/hierarchy?limit=1&from=${page.next_batch}`);
  assert.equal(rest.rooms?.[0]?.room_id, child);
});

withAdmin('nobody gets into a blocked room, and who is in can leave', async (world, root) => {
  const [alice, bob, carol] = [await world.user('alice'), await world.user('bob'), await world.user('carol')];
  const room = await create(alice, { invite: [carol.id] });
  const path = `v1/rooms/${at(room)}/block`;
  assert.deepEqual(await root.ok('GET', path), { block: false });
  assert.deepEqual(await root.ok('PUT', path, { block: true }), { block: true });
  assert.deepEqual(await root.ok('GET', path), { block: true, user_id: root.id });
  await bob.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/join/${at(room)}`, {});
  await carol.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/join/${at(room)}`, {});
  await bob.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/knock/${at(room)}`, {});
  await alice.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/rooms/${at(room)}/invite`, { user_id: bob.id });
  await root.refused(403, 'M_FORBIDDEN', 'POST', `v1/join/${at(room)}`, { user_id: bob.id });
  await say(alice, room, 'still here');
  await carol.ok('POST', `c/v3/rooms/${at(room)}/leave`, {});
  await root.ok('PUT', path, { block: false });
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  await root.ok('PUT', 'v1/rooms/!unknown:elsewhere.example/block', { block: true });
  assert.equal((await root.ok('GET', 'v1/rooms/!unknown:elsewhere.example/block')).block, true);
  await root.refused(400, 'M_INVALID_PARAM', 'PUT', 'v1/rooms/nonsense/block', { block: true });
});

withAdmin('an administrator brings users into rooms', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const open = await create(alice, { room_alias_name: 'open' });
  assert.deepEqual(await root.ok('POST', `v1/join/${at('#open:one.example')}`, { user_id: bob.id }), { room_id: open });
  const shut = await create(alice, { preset: 'private_chat' });
  await root.refused(403, 'M_FORBIDDEN', 'POST', `v1/join/${at(shut)}`, { user_id: bob.id });
  await alice.ok('POST', `c/v3/rooms/${at(shut)}/invite`, { user_id: root.id });
  await root.ok('POST', `c/v3/join/${at(shut)}`, {});
  await root.ok('POST', `v1/join/${at(shut)}`, { user_id: bob.id });
  assert.deepEqual((await root.ok('GET', `v1/users/${bob.id}/joined_rooms`)).total, 2);
  await root.refused(404, 'M_NOT_FOUND', 'POST', 'v1/join/!none:one.example', { user_id: bob.id });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/join/${at(open)}`, { user_id: '@far:elsewhere.example' });
});

for (const version of ['10', '12']) {
  withAdmin(`power is given where somebody here has it, in version ${version}`, async (world, root) => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const room = await create(alice, { preset: 'private_chat', room_version: version });
    await root.ok('POST', `v1/rooms/${at(room)}/make_room_admin`, {});
    await root.ok('POST', `c/v3/join/${at(room)}`, {});
    const levels = async () => (await alice.ok('GET', `c/v3/rooms/${at(room)}/state/m.room.power_levels/`)).users;
    assert.equal((await levels())?.[root.id], 100);
    await root.ok('POST', `v1/rooms/${at(room)}/make_room_admin`, { user_id: bob.id });
    assert.equal((await levels())?.[bob.id], 100);
    assert.equal((await root.ok('GET', `v1/users/${bob.id}/memberships`)).memberships?.[room], 'invite');
    await root.ok('POST', `v1/rooms/${at(room)}/make_room_admin`, { user_id: alice.id });
    await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/rooms/${at(room)}/make_room_admin`, { user_id: 'bob' });
    for (const user of [alice, root]) await user.ok('POST', `c/v3/rooms/${at(room)}/leave`, {});
    await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/rooms/${at(room)}/make_room_admin`, {});
  });
}
