import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testBudget } from '../../../test/support/budget.ts';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { peerOf, testClient } from '../../../test/support/federation.ts';
import { refusal } from '../../../test/support/media.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '../../core/ids.ts';
import { QueryClient } from './query-client.ts';
import { FederatedDirectory } from './remote-directory.ts';
import { FederatedProfiles } from './remote-profiles.ts';
import { FederatedRooms } from './remote-rooms.ts';

const PEER = 'peer.example' as ServerName;
const ALIAS = '#grove:peer.example' as RoomAlias;
const ROOM = '!room:peer.example' as RoomId;
const USER = '@ü:peer.example' as UserId;

/** `peer.example`, and everything that asks it. Time stands still unless told. */
async function withPeer(t: TestContext) {
  const world = testClient(t);
  const peer = await peerOf(t, world, PEER);
  const clock = new SteppingClock();
  const budget = testBudget();
  const queries = new QueryClient({ client: world.client, clock, budget });
  const parts = { queries, clock, budget, serverName: 'us.example' as ServerName };
  const [directory, profiles, rooms] = [
    new FederatedDirectory(queries),
    new FederatedProfiles(parts),
    new FederatedRooms(parts),
  ];
  return { ...world, peer, clock, directory, profiles, rooms };
}

test('an alias leads to a room and to servers that are some', async t => {
  const { peer, directory } = await withPeer(t);
  peer.json({ room_id: ROOM, servers: ['a.example', 3, 'a b', 'a.example', 'peer.example:8448', '__proto__'] });
  const servers = ['a.example', 'peer.example:8448'];
  assert.deepEqual(await directory.resolveAlias(ALIAS), { roomId: ROOM, servers });
  assert.equal(peer.seen[0]?.target, '/_matrix/federation/v1/query/directory?room_alias=%23grove%3Apeer.example');
  peer.json({ room_id: ROOM, servers: Array.from({ length: 3000 }, (_, at) => `s${at}.example`) });
  assert.equal((await directory.resolveAlias(ALIAS))?.servers.length, 50);
  peer.json({ errcode: 'M_NOT_FOUND' }, 404);
  assert.equal(await directory.resolveAlias(ALIAS), undefined);
  for (const answer of [{}, { room_id: 'x' }, { room_id: '!a', servers: [] }, { room_id: 1 }, [], null, 'x']) {
    peer.json(answer);
    assert.equal(await refusal(directory.resolveAlias(ALIAS)), '502 M_UNKNOWN', JSON.stringify(answer));
  }
  peer.json({ room_id: ROOM });
  assert.deepEqual(await directory.resolveAlias(ALIAS), { roomId: ROOM, servers: [] });
});

test('of published rooms only what may be said of them is passed on', async t => {
  const { peer, directory } = await withPeer(t);
  const plain = { room_id: ROOM, num_joined_members: 0, world_readable: false, guest_can_join: false };
  const full = {
    ...plain,
    num_joined_members: 5,
    world_readable: true,
    guest_can_join: true,
    join_rule: 'knock',
    name: 'Grove',
    topic: 'Trees',
    canonical_alias: ALIAS,
    avatar_url: 'mxc://peer.example/a',
    room_type: 'm.space',
  };
  const figures = { next_batch: 'n', prev_batch: 'p', total_room_count_estimate: 3 };
  peer.json({ chunk: [{ ...full, aliases: ['#x:y'], state: {} }], ...figures, more: 1 });
  assert.deepEqual(await directory.publicRooms(PEER, {}), { chunk: [full], ...figures });
  const hostile = {
    num_joined_members: -5,
    world_readable: 'yes',
    guest_can_join: 1,
    join_rule: 'x'.repeat(300),
    name: { html: 1 },
    topic: 't'.repeat(20_000),
    canonical_alias: 'grove',
    avatar_url: 'https://tracker.example/a.gif',
    room_type: 7,
  };
  const odd = [null, 1, 'x', [], {}, { room_id: 'x' }, { room_id: '!a:b\0c' }, { room_id: 5 }];
  const body = `{"chunk":${JSON.stringify([...odd, { ...plain, ...hostile }])},"next_batch":1,"__proto__":{"chunk":[]}}`;
  peer.answer = response => void response.end(body);
  assert.deepEqual(await directory.publicRooms(PEER, {}), { chunk: [{ ...plain, join_rule: 'invite' }] });
  peer.json({
    chunk: Array.from({ length: 2000 }, () => plain),
    next_batch: 'n'.repeat(2000),
    total_room_count_estimate: -1,
  });
  const { chunk, ...rest } = await directory.publicRooms(PEER, { limit: 7 });
  assert.deepEqual([(chunk as unknown[]).length, rest], [7, {}]);
  assert.equal(((await directory.publicRooms(PEER, { limit: 0 })).chunk as unknown[]).length, 500);
  peer.json({ rooms: [] });
  assert.equal(await refusal(directory.publicRooms(PEER, {})), '502 M_UNKNOWN');
});

test('published rooms are asked for in the plain form, and with a filter in the other one', async t => {
  const { peer, directory } = await withPeer(t);
  peer.json({ chunk: [] });
  await directory.publicRooms(PEER, { limit: 1e9, since: 'a&b', third_party_instance_id: null, secret: 'x' });
  await directory.publicRooms(PEER, { filter: { generic_search_term: 'x' }, include_all_networks: true, secret: 'x' });
  const [plain, filtered] = peer.seen;
  assert.equal(`${plain?.method} ${plain?.target}`, 'GET /_matrix/federation/v1/publicRooms?limit=500&since=a%26b');
  assert.equal(`${filtered?.method} ${filtered?.target}`, 'POST /_matrix/federation/v1/publicRooms');
  assert.deepEqual(JSON.parse(filtered?.body ?? ''), {
    limit: 500,
    include_all_networks: true,
    filter: { generic_search_term: 'x' },
  });
});

test('a profile is asked for once a minute, and has only fields that a profile can have', async t => {
  const { peer, profiles, clock } = await withPeer(t);
  const good = {
    displayname: 'Ü',
    avatar_url: 'mxc://peer.example/a',
    'm.tz': 'Europe/Berlin',
    'org.example.x': { a: [1] },
  };
  const body = JSON.stringify({ ...good, NotOne: 1, plain: 'x', 'org.example.none': null });
  peer.answer = response => void response.end(`${body.slice(0, -1)},"__proto__":{"a":1},"constructor":"x"}`);
  const many = await Promise.all([profiles.profile(USER), profiles.profile(USER), profiles.profile(USER)]);
  for (const profile of many) assert.deepEqual(profile, good);
  assert.deepEqual(await profiles.profile(USER), good);
  assert.deepEqual(await profiles.profile(USER, 'displayname'), { displayname: 'Ü' }, 'only what was asked for');
  assert.deepEqual(
    peer.seen.map(({ target }) => target),
    [
      '/_matrix/federation/v1/query/profile?user_id=%40%C3%BC%3Apeer.example',
      '/_matrix/federation/v1/query/profile?user_id=%40%C3%BC%3Apeer.example&field=displayname',
    ],
  );
  clock.advance(61_000);
  peer.json({ displayname: 5, avatar_url: 'https://tracker.example/a.gif', 'm.tz': 1 });
  assert.deepEqual(await profiles.profile(USER), { 'm.tz': 1 });
  clock.advance(61_000);
  peer.json({ displayname: 'x'.repeat(5000) });
  assert.deepEqual(await profiles.profile(USER), {});
});

test('what a server refuses is said in the words of the client API, and remembered for a while', async t => {
  const { peer, profiles, clock } = await withPeer(t);
  for (const [status, told] of [
    [404, '404 M_NOT_FOUND'],
    [403, '403 M_FORBIDDEN'],
    [401, '502 M_UNKNOWN'],
    [429, '502 M_UNKNOWN'],
    [500, '502 M_UNKNOWN'],
  ] as const) {
    peer.seen.length = 0;
    peer.json({ errcode: 'M_WHATEVER', error: 'x' }, status);
    for (let at = 0; at < 3; at++) assert.equal(await refusal(profiles.profile(USER)), told);
    assert.equal(peer.seen.length, 1);
    clock.advance(31_000);
  }
  peer.answer = response => void response.end('x'.repeat(5_000_000));
  assert.equal(await refusal(profiles.profile(USER)), '502 M_UNKNOWN');
});

test('a server that is not there is left alone for half a minute', async t => {
  const { profiles, clock, net } = await withPeer(t);
  const ask = (user: string) => refusal(profiles.profile(`${user}:gone.example` as UserId));
  assert.equal(await ask('@a'), '502 M_UNKNOWN');
  const asked = net.asked.length;
  for (const user of ['@b', '@c']) assert.equal(await ask(user), '502 M_UNKNOWN');
  assert.equal(net.asked.length, asked);
  clock.advance(31_000);
  assert.equal(await ask('@d'), '502 M_UNKNOWN');
  assert.ok(net.asked.length > asked);
});

const summary = (room_id: string, more: object = {}) => ({
  room_id,
  num_joined_members: 2,
  world_readable: false,
  guest_can_join: false,
  join_rule: 'public',
  ...more,
});
const child = (state_key: string, more: object = {}) => ({
  type: 'm.space.child',
  state_key,
  sender: '@x:peer.example',
  content: { via: ['peer.example'] },
  origin_server_ts: 1,
  ...more,
});

test('a space of others is read with its children, and what was said of them', async t => {
  const { peer, rooms, clock } = await withPeer(t);
  const space = summary(ROOM, {
    room_type: 'm.space',
    room_version: '12',
    encryption: 'x',
    allowed_room_ids: ['!a:b', 'x'],
  });
  const children_state = [child('!two:peer.example', { origin_server_ts: 2 }), child('!one:peer.example')];
  const children = [summary('!one:peer.example', { join_rule: 'restricted', allowed_room_ids: [ROOM] })];
  const inaccessible_children = ['!two:peer.example', 7];
  peer.json({ room: { ...space, children_state, secret: 1 }, children, inaccessible_children });
  const found = await rooms.summary(ROOM, ['us.example', 'a b', 'peer.example']);
  assert.deepEqual(found?.summary.chunk, { ...space, allowed_room_ids: ['!a:b'] });
  assert.deepEqual([found.summary.isSpace, found.summary.allowed], [true, ['!a:b']]);
  assert.deepEqual(
    found.children.map(({ event }) => event),
    [children_state[1], children_state[0]],
  );
  assert.deepEqual([...found.told.keys()], ['!two:peer.example', '!one:peer.example']);
  assert.equal(found.told.get('!two:peer.example' as RoomId), undefined);
  assert.deepEqual(found.told.get('!one:peer.example' as RoomId)?.allowed, [ROOM]);
  assert.equal(peer.seen[0]?.target, '/_matrix/federation/v1/hierarchy/!room%3Apeer.example');
  await rooms.summary(ROOM, []);
  assert.equal(peer.seen.length, 1, 'it is remembered');
  clock.advance(5 * 60_000 + 1);
  await rooms.summary(ROOM, []);
  assert.equal(peer.seen.length, 2);
});

test('a hierarchy of another room, or none, is no answer; odd children are left out', async t => {
  const { peer, rooms, clock } = await withPeer(t);
  const ask = async (room: unknown, rest: object = {}) => {
    clock.advance(10 * 60_000);
    peer.answer = response => void response.end(JSON.stringify({ room, ...rest }));
    return rooms.summary(ROOM, ['peer.example']);
  };
  for (const room of [undefined, null, [], 'x', {}, summary('!other:peer.example'), { ...summary(ROOM), room_id: 5 }])
    assert.equal(await ask(room), undefined, JSON.stringify(room));
  const bad = [
    null,
    child('not a room'),
    child('!a:b', { type: 'm.room.member' }),
    child('!a:b', { sender: 'x' }),
    child('!a:b', { content: [] }),
    child('!a:b', { content: {} }),
    child('!a:b', { content: { via: ['x'], more: 'x'.repeat(20_000) } }),
    child('!a:b', { origin_server_ts: 'x' }),
  ];
  const space = summary(ROOM, { room_type: 'm.space' });
  const found = await ask(
    { ...space, children_state: [...bad, child('!good:b')] },
    { children: [null, {}], inaccessible_children: {} },
  );
  assert.deepEqual(
    found?.children.map(({ roomId }) => roomId),
    ['!good:b'],
  );
  assert.equal(found.told.size, 0);
  const none = await ask({ ...summary(ROOM), children_state: [child('!good:b')] }, { children: [summary(ROOM)] });
  assert.deepEqual([none?.children, none?.told.size], [[], 0], 'a room that is no space has none; itself is told once');
  const wide = Array.from({ length: 10_000 }, (_, at) => child(`!r${at}:b`));
  assert.equal((await ask({ ...space, children_state: wide }))?.children.length, 2000);
});

test('what one server says of a room does not stand for others, and few are asked', async t => {
  const { peer, rooms, net } = await withPeer(t);
  const names = ['g1.example', 'g2.example', 'g3.example', 'peer.example'];
  assert.equal(await rooms.summary(ROOM, names), undefined);
  assert.equal(peer.seen.length, 0, 'three are enough');
  assert.equal(net.asked.filter(each => each.startsWith('GET https://g')).length, 3);
  peer.json({ room: summary(ROOM, { name: 'Evil' }) });
  const evil = await rooms.summary(ROOM, ['g1.example', 'peer.example']);
  assert.equal(evil?.summary.chunk.name, 'Evil');
  assert.equal(await rooms.summary(ROOM, ['g2.example']), undefined);
});

test('a room that a server did not show is asked for again at once, but not where there was no sensible answer', async t => {
  const { peer, rooms } = await withPeer(t);
  const look = async () => (await rooms.summary(ROOM, [PEER]))?.summary.roomId;
  for (const [status, asked] of [
    [404, 2],
    [403, 4],
    [500, 5],
  ] as const) {
    peer.json({ errcode: 'M_WHATEVER', error: 'x' }, status);
    for (let at = 0; at < 2; at++) assert.equal(await look(), undefined);
    assert.equal(peer.seen.length, asked);
  }
});
