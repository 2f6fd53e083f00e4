import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AccountsWorld, SERVER_NAME } from '../../../../test/support/accounts.ts';
import { testBudget } from '../../../../test/support/budget.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { FederatedWorld, federatedServer } from '../../../../test/support/federated-server.ts';
import { DORA } from '../../../../test/support/remote-events.ts';
import { ResidentServer } from '../../../../test/support/resident-server.ts';
import { ALICE, newRoom, roomsOn, setState, setVisibility } from '../../../../test/support/rooms.ts';
import { federationServer } from '../../../../test/support/signed-requests.ts';
import { systemClock } from '../../../base/clock.ts';
import type { RoomAlias, RoomId, ServerName } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { QueryClient } from '../../../federation/queries/query-client.ts';
import { FederatedDirectory } from '../../../federation/queries/remote-directory.ts';
import { FederatedProfiles } from '../../../federation/queries/remote-profiles.ts';
import { FederatedRooms } from '../../../federation/queries/remote-rooms.ts';
import { setAlias } from '../../../rooms/aliases.ts';
import { append } from '../../../rooms/append.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { writeRoom } from '../../../rooms/write-room.ts';
import type { QueryRouteParts } from './query-route-parts.ts';
import { federationQueryRoutes } from './routes.ts';

const noAccounts = {} as QueryRouteParts['accounts'];
const SHARED = { sharesProfiles: true, sharesDirectory: true };

/** Requests of other servers, who are believed what they say in the header. */
function serving(t: TestContext, parts: Partial<QueryRouteParts> & Pick<QueryRouteParts, 'rooms'>) {
  const routes = federationQueryRoutes({ accounts: noAccounts, ...SHARED, ...parts });
  const { app } = federationServer(t, routes, async ({ authorization, body }) => {
    body();
    return authorization[0] as ServerName;
  });
  return async (path: string, body?: JsonObject, origin = 'two.example') => {
    const url = `/_matrix/federation/v1${path}`;
    const headers = { authorization: origin, 'content-type': 'application/json' };
    const response = await (body === undefined
      ? app.inject({ url, headers })
      : app.inject({ method: 'POST', url, headers, payload: JSON.stringify(body) }));
    return { status: response.statusCode, body: response.json() as JsonObject };
  };
}

type Ask = ReturnType<typeof serving>;

async function refusal(answer: ReturnType<Ask>): Promise<string> {
  const { status, body } = await answer;
  return `${status} ${body.errcode}`;
}

const alice = async ({ db, nids }: RoomsParts) => ({
  userId: ALICE,
  userNid: await db.tx(tx => nids.users.internOne(tx, ALICE)),
  isAdmin: false,
});
const idsIn = (list: unknown) => (list as JsonObject[]).map(each => each.room_id);

onEachDatabase('an alias of ours is answered for, with the servers in the room', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const ask = serving(t, { rooms });
  const room = await newRoom(rooms);
  const find = (alias: string) => ask(`/query/directory?room_alias=${encodeURIComponent(alias)}`);
  await setAlias(rooms, await alice(rooms), '#grüve:one.example', room);
  assert.deepEqual((await find('#grüve:one.example')).body, { room_id: room.roomId, servers: ['one.example'] });
  await server.join(room, DORA);
  const { body } = await find('#grüve:one.example');
  assert.deepEqual(body, { room_id: room.roomId, servers: ['one.example', 'two.example'] });
  assert.equal(await refusal(find('#none:one.example')), '404 M_NOT_FOUND');
  for (const alias of ['#grüve:two.example', 'x', '', '@a:one.example'])
    assert.equal(await refusal(find(alias)), '400 M_INVALID_PARAM', alias);
  assert.equal(await refusal(ask('/query/directory')), '400 M_MISSING_PARAM');
  assert.equal(await refusal(ask('/query/weather?at=home')), '404 M_UNRECOGNIZED');
});

onEachDatabase('N100 profiles of our users are told as far as the operator wants', async (db, t) => {
  await using world = new AccountsWorld(db);
  const { accounts } = world;
  const rooms = roomsOn(db, SERVER_NAME);
  const ask = serving(t, { rooms, accounts });
  const { id, token } = await world.user('alice');
  for (const [field, value] of [
    ['displayname', 'Alice'],
    ['org.example.colour', { red: 1 }],
  ] as const)
    assert.equal((await world.call('PUT', `profile/${id}/${field}`, { token, body: { [field]: value } })).status, 200);
  const get = (user: string, field = '') => ask(`/query/profile?user_id=${encodeURIComponent(user)}${field}`);
  assert.deepEqual(await get(id), { status: 200, body: { displayname: 'Alice', 'org.example.colour': { red: 1 } } });
  assert.deepEqual((await get(id, '&field=displayname')).body, { displayname: 'Alice' });
  assert.deepEqual((await get(id, '&field=org.example.colour')).body, { 'org.example.colour': { red: 1 } });
  for (const field of ['avatar_url', '__proto__', 'constructor', ''])
    assert.deepEqual(await get(id, `&field=${field}`), { status: 200, body: {} }, field);
  assert.equal(await refusal(get('@nobody:copse.test')), '404 M_NOT_FOUND');
  for (const user of ['@alice:two.example', 'alice', '@alice:COPSE.test'])
    assert.equal(await refusal(get(user)), '400 M_INVALID_PARAM');
  const quiet = serving(t, { rooms, accounts, sharesProfiles: false });
  for (const user of [id, '@nobody:copse.test'])
    assert.equal(await refusal(quiet(`/query/profile?user_id=${user}`)), '403 M_FORBIDDEN');
});

test('N100 whoever asks is counted', () => {
  const routes = federationQueryRoutes({ rooms: {} as RoomsParts, accounts: noAccounts, ...SHARED });
  for (const { path, limit } of routes) assert.ok(limit !== undefined, path);
});

onEachDatabase('a token tells who made it, until its time is over', async (db, t) => {
  await using world = new AccountsWorld(db);
  const ask = serving(t, { rooms: roomsOn(db, SERVER_NAME), accounts: world.accounts });
  const { id, token } = await world.user('alice');
  const { body } = await world.call('POST', `user/${id}/openid/request_token`, { token, body: {} });
  const path = `/openid/userinfo?access_token=${String(body.access_token)}`;
  assert.deepEqual(await ask(path), { status: 200, body: { sub: id } });
  assert.equal(await refusal(ask('/openid/userinfo')), '401 M_MISSING_TOKEN');
  for (const wrong of [`${path}x`, '/openid/userinfo?access_token=', `/openid/userinfo?access_token=${token}`])
    assert.equal(await refusal(ask(wrong)), '401 M_UNKNOWN_TOKEN');
  world.clock.advance(3_600_001);
  assert.equal(await refusal(ask(path)), '401 M_UNKNOWN_TOKEN');
});

onEachDatabase('N109 the directory is told page by page, in both forms', async (db, t) => {
  const rooms = roomsOn(db);
  const ask = serving(t, { rooms });
  const made: Room[] = [];
  for (const name of ['Oak', 'Ash', 'Elm']) made.push(await newRoom(rooms, { visibility: 'public', name }));
  await newRoom(rooms, { visibility: 'private' });
  const first = (await ask('/publicRooms?limit=2')).body;
  assert.equal((first.chunk as unknown[]).length, 2);
  assert.equal(first.total_room_count_estimate, 3);
  const second = (await ask('/publicRooms', { limit: 2, since: String(first.next_batch) })).body;
  const all = [...idsIn(first.chunk), ...idsIn(second.chunk)];
  assert.deepEqual(all.sort(), made.map(({ roomId }) => roomId).sort());
  const found = (await ask('/publicRooms', { filter: { generic_search_term: 'oak' } })).body;
  assert.deepEqual(idsIn(found.chunk), [made[0]?.roomId]);
  for (const query of ['?limit=1000000000', '?limit=0', '?include_all_networks=true&third_party_instance_id=irc'])
    assert.equal(((await ask(`/publicRooms${query}`)).body.chunk as unknown[]).length, 3, query);
  const network = { third_party_instance_id: 'irc' };
  const none = { chunk: [] };
  assert.deepEqual((await ask('/publicRooms?third_party_instance_id=irc')).body, none);
  assert.deepEqual((await ask('/publicRooms', network)).body, none);
  assert.equal(
    ((await ask('/publicRooms', { ...network, include_all_networks: true })).body.chunk as unknown[]).length,
    3,
  );
  for (const query of ['?since=garbage', '?limit=-1', '?limit=x', '?include_all_networks=maybe'])
    assert.equal(await refusal(ask(`/publicRooms${query}`)), '400 M_INVALID_PARAM', query);
  for (const body of [{ limit: -1 }, { limit: '5' }, { filter: [] }, { filter: { room_types: 'm.space' } }])
    assert.equal(await refusal(ask('/publicRooms', body as JsonObject)), '400 M_BAD_JSON', JSON.stringify(body));
  const quiet = serving(t, { rooms, sharesDirectory: false });
  assert.equal(await refusal(quiet('/publicRooms')), '403 M_FORBIDDEN');
  assert.equal(await refusal(quiet('/publicRooms', {})), '403 M_FORBIDDEN');
});

async function space(rooms: RoomsParts, children: readonly Room[], more: JsonObject = {}): Promise<Room> {
  const room = await newRoom(rooms, { creationContent: { type: 'm.space' } });
  for (const { roomId } of children)
    await setState(rooms, room, ALICE, 'm.space.child', { via: ['one.example'], ...more }, roomId);
  return room;
}

onEachDatabase('a space is told as far as the asking server has a way into its rooms', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const ask = serving(t, { rooms });
  const get = (roomId: string, query = '', origin?: string) =>
    ask(`/hierarchy/${encodeURIComponent(roomId)}${query}`, undefined, origin);
  const open = await newRoom(rooms, { name: 'Open' });
  const closed = await newRoom(rooms, { preset: 'private_chat' });
  const readable = await newRoom(rooms, { preset: 'private_chat' });
  await setVisibility(rooms, readable, 'world_readable');
  const denied = await newRoom(rooms);
  const acl = { allow: ['*'], deny: ['two.*'] };
  await setState(rooms, denied, ALICE, 'm.room.server_acl', acl);
  const root = await space(rooms, [open, closed, readable, denied]);
  await setState(rooms, root, ALICE, 'm.space.child', { via: ['x.example'], suggested: true }, '!elsewhere:x.example');
  const restricted = await newRoom(rooms);
  await setState(rooms, restricted, ALICE, 'm.room.join_rules', {
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: root.roomId }],
  });
  await setState(rooms, root, ALICE, 'm.space.child', { via: ['one.example'], order: 'a' }, restricted.roomId);

  const { body } = await get(root.roomId);
  assert.equal((body.room as JsonObject).room_id, root.roomId);
  assert.equal(((body.room as JsonObject).children_state as unknown[]).length, 6);
  assert.deepEqual(idsIn(body.children).sort(), [open.roomId, readable.roomId].sort());
  assert.ok(!('children_state' in (body.children as JsonObject[])[0]!));
  assert.deepEqual(
    (body.inaccessible_children as string[]).sort(),
    [closed.roomId, denied.roomId, restricted.roomId].sort(),
  );
  const other = (await get(root.roomId, '', 'three.example')).body;
  assert.ok(idsIn(other.children).includes(denied.roomId), 'the ACL is about the other server');

  await server.join(root, DORA);
  const content = { membership: 'invite' };
  await writeRoom(rooms, closed, tx =>
    append(rooms, tx, closed, { type: 'm.room.member', stateKey: DORA, sender: ALICE, content }),
  );
  const after = (await get(root.roomId)).body;
  assert.deepEqual(
    idsIn(after.children).sort(),
    [open, readable, restricted, closed].map(({ roomId }) => roomId).sort(),
  );
  assert.deepEqual(after.inaccessible_children, [denied.roomId]);

  const suggested = (await get(root.roomId, '?suggested_only=true')).body;
  assert.equal(((suggested.room as JsonObject).children_state as unknown[]).length, 1);
  assert.deepEqual([suggested.children, suggested.inaccessible_children], [[], []]);
  const plain = (await get(open.roomId)).body;
  assert.deepEqual([(plain.room as JsonObject).name, (plain.room as JsonObject).children_state], ['Open', []]);
  for (const roomId of [denied.roomId, '!none:one.example', 'x', '!elsewhere:x.example'])
    assert.equal(await refusal(get(roomId)), '404 M_NOT_FOUND', roomId);
  assert.equal(await refusal(get(closed.roomId, '', 'three.example')), '404 M_NOT_FOUND');
  assert.equal(await refusal(get(root.roomId, '?suggested_only=1')), '400 M_INVALID_PARAM');
});

onEachDatabase('two servers: one asks what the other answers', async (db, t) => {
  const world = new FederatedWorld();
  await using accountsWorld = new AccountsWorld(db);
  const { accounts } = accountsWorld;
  const rooms = roomsOn(db, SERVER_NAME);
  const endpoints = federationQueryRoutes({ rooms, accounts, ...SHARED });
  await federatedServer(t, world, { name: SERVER_NAME, db, endpoints });
  const us = await federatedServer(t, world, { name: 'us.example', db });
  const [clock, budget] = [systemClock, testBudget()];
  const queries = new QueryClient({ client: us.client, clock, budget });
  const { id, token } = await accountsWorld.user('alice');
  await accountsWorld.call('PUT', `profile/${id}/displayname`, { token, body: { displayname: 'Alice' } });
  const child = await newRoom(rooms, { creator: id, name: 'Child' });
  const root = await newRoom(rooms, { creator: id, visibility: 'public', creationContent: { type: 'm.space' } });
  await setState(rooms, root, id, 'm.space.child', { via: [SERVER_NAME] }, child.roomId);
  const user = { userId: id, userNid: await db.tx(tx => rooms.nids.users.internOne(tx, id)), isAdmin: false };
  await setAlias(rooms, user, `#root:${SERVER_NAME}`, root);

  const directory = new FederatedDirectory(queries);
  assert.deepEqual(await directory.resolveAlias(`#root:${SERVER_NAME}` as RoomAlias), {
    roomId: root.roomId,
    servers: [SERVER_NAME],
  });
  assert.equal(await directory.resolveAlias(`#none:${SERVER_NAME}` as RoomAlias), undefined);
  for (const body of [{}, { filter: { room_types: ['m.space'] } }])
    assert.deepEqual(idsIn((await directory.publicRooms(SERVER_NAME, body)).chunk), [root.roomId]);
  const profiles = new FederatedProfiles({ queries, clock, budget });
  assert.deepEqual(await profiles.profile(id), { displayname: 'Alice' });
  const remote = new FederatedRooms({ queries, clock, budget, serverName: us.name });
  const found = await remote.summary(root.roomId, [SERVER_NAME]);
  assert.deepEqual(
    found?.children.map(({ roomId }) => roomId),
    [child.roomId],
  );
  assert.equal(found.told.get(child.roomId)?.chunk.name, 'Child');
  assert.equal(await remote.summary('!none:x' as RoomId, [SERVER_NAME]), undefined);
});
