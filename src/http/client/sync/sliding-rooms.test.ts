import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { bodies, firstRooms, SlidingConnection, states } from '../../../../test/support/sliding.ts';
import type { JsonObject } from '../../../core/json.ts';

const BOB = '@bob:one.example';

onEachDatabase('an invite comes with what strangers may know, and the room when it is accepted', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat', name: 'Grove' });
  await api.say('alice', room, 'hidden');
  const client = new SlidingConnection(api, 'bob');
  const list = firstRooms(20, { timeline_limit: 10, required_state: [['m.room.member', '$ME']] });
  assert.deepEqual((await client.sync(list)).rooms, {});
  await api.ok(api.post('alice', `/v3/rooms/${room}/invite`, { user_id: BOB }));
  const answer = await client.sync(list);
  const { [room]: invited } = answer.rooms;
  assert.equal(answer.lists?.rooms?.count, 1);
  assert.deepEqual([invited?.membership, invited?.initial, invited?.timeline], ['invite', true, undefined]);
  assert.deepEqual(invited?.stripped_state, invited?.invite_state);
  const told = invited?.invite_state ?? [];
  assert.ok(told.some(event => event.type === 'm.room.name' && event.content.name === 'Grove'));
  assert.ok(told.some(event => event.state_key === BOB && event.content.membership === 'invite'));
  assert.equal(JSON.stringify(answer).includes('hidden'), false);
  assert.deepEqual((await client.sync(list)).rooms, {});
  await api.join('bob', room);
  const { [room]: joined } = (await client.sync(list)).rooms;
  assert.deepEqual([joined?.initial, joined?.membership, joined?.invite_state], [true, 'join', undefined]);
  assert.deepEqual(states(joined), [`m.room.member ${BOB}`]);
  assert.deepEqual([joined?.name, joined?.joined_count], ['Grove', 2]);
});

onEachDatabase('declined invites, kicks and bans are told once, with the membership', async (db, t) => {
  const api = new RoomApi(db, t);
  const client = new SlidingConnection(api, 'bob');
  const list = firstRooms(20);
  const told = async () =>
    Object.values((await client.sync(list)).rooms).map(one => [
      one.membership,
      one.required_state?.map(event => event.content.membership),
    ]);
  const act = (who: string, room: string, what: string, body: JsonObject = {}) =>
    api.ok(api.post(who, `/v3/rooms/${room}/${what}`, body));
  const declined = await api.create('alice', { preset: 'private_chat', invite: [BOB] });
  assert.deepEqual(await told(), [['invite', undefined]]);
  await act('bob', declined, 'leave');
  assert.deepEqual(await told(), [['leave', ['leave']]]);
  const kicked = await api.create('alice');
  await api.join('bob', kicked);
  await told();
  await act('alice', kicked, 'kick', { user_id: BOB });
  assert.deepEqual(await told(), [['leave', ['leave']]]);
  await act('alice', kicked, 'ban', { user_id: BOB });
  assert.deepEqual(await told(), [['ban', ['ban']]]);
  assert.deepEqual(await told(), []);
  const anew = await new SlidingConnection(api, 'bob', 'anew').sync(list);
  assert.deepEqual(Object.keys(anew.rooms), [kicked], 'what the user did is known to them, what others did may not be');
  await act('bob', kicked, 'forget');
  assert.deepEqual((await new SlidingConnection(api, 'bob', 'again').sync(list)).rooms, {});
  const rejoined = await api.create('alice');
  await api.join('bob', rejoined);
  await told();
  await act('bob', rejoined, 'leave');
  await told();
  await api.join('bob', rejoined);
  await api.say('alice', rejoined, 'welcome back');
  const { [rejoined]: back } = (await client.sync(list)).rooms;
  assert.deepEqual([back?.initial, bodies(back)], [true, ['welcome back']]);
});

onEachDatabase(
  'a room that was left and forgotten at once is told as left to the clients that have it',
  async (db, t) => {
    const api = new RoomApi(db, t);
    const room = await api.create('bob');
    const list = firstRooms(20);
    const client = new SlidingConnection(api, 'bob');
    await client.sync(list);
    await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
    await api.ok(api.post('bob', `/v3/rooms/${room}/forget`));
    assert.equal((await client.sync(list)).rooms[room]?.membership, 'leave');
    assert.deepEqual((await client.sync(list)).rooms, {});
    const subscribed = { ...list, room_subscriptions: { [room]: { timeline_limit: 1 } } };
    assert.deepEqual((await new SlidingConnection(api, 'bob', 'new').sync(subscribed)).rooms, {});
  },
);

onEachDatabase('invites from users who are ignored are in no list', async (db, t) => {
  const ignored = new Set<string>();
  const api = new RoomApi(db, t, {}, { ignoredUsers: async () => ignored });
  await api.create('alice', { preset: 'private_chat', invite: [BOB] });
  const counted = async () => (await new SlidingConnection(api, 'bob').sync(firstRooms(20))).lists?.rooms?.count;
  assert.equal(await counted(), 1);
  ignored.add('@alice:one.example');
  assert.equal(await counted(), 0);
});

onEachDatabase('filters choose the rooms of a list', async (db, t) => {
  const direct: JsonObject = {};
  const tags = new Map<string, ReadonlySet<string>>();
  const api = new RoomApi(
    db,
    t,
    {},
    {
      accountData: async (_db, _user, type) => (type === 'm.direct' ? direct : undefined),
      roomTags: async () => tags as never,
    },
  );
  const room = async (name: string, more: JsonObject = {}) =>
    api.create('alice', { preset: 'public_chat', name, ...more });
  const plain = await room('plain');
  const space = await room('space', { creation_content: { type: 'm.space' } });
  const secret = await room('secret', {
    initial_state: [{ type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
  });
  const invite = await api.create('bob', {
    preset: 'private_chat',
    invite: ['@alice:one.example'],
    creation_content: { type: 'm.space' },
  });
  direct[BOB] = [plain];
  tags.set(secret, new Set(['m.favourite', 'u.work']));
  await api.setState('alice', space, 'm.space.child', { via: ['one.example'] }, secret);
  await api.setState('alice', space, 'm.space.child', {}, plain);
  const names = new Map([
    [plain, 'plain'],
    [space, 'space'],
    [secret, 'secret'],
    [invite, 'invite'],
  ]);
  const chosen = async (filters: JsonObject) => {
    const answer = await new SlidingConnection(api, 'alice').sync(firstRooms(20, { filters }));
    const found = Object.keys(answer.rooms)
      .map(id => names.get(id))
      .toSorted();
    assert.equal(answer.lists?.rooms?.count, found.length);
    return found.join(' ');
  };
  assert.equal(await chosen({}), 'invite plain secret space');
  assert.equal(await chosen({ is_dm: true }), 'plain');
  assert.equal(await chosen({ is_dm: false }), 'invite secret space');
  assert.equal(await chosen({ is_encrypted: true }), 'secret');
  assert.equal(await chosen({ is_encrypted: false }), 'invite plain space');
  assert.equal(await chosen({ is_invite: true }), 'invite');
  assert.equal(await chosen({ is_invite: false }), 'plain secret space');
  assert.equal(await chosen({ room_types: ['m.space'] }), 'invite space');
  assert.equal(await chosen({ room_types: [null] }), 'plain secret');
  assert.equal(await chosen({ room_types: [null, 'm.space'], not_room_types: ['m.space'] }), 'plain secret');
  assert.equal(await chosen({ tags: ['m.favourite', 'm.lowpriority'] }), 'secret');
  assert.equal(await chosen({ tags: ['m.favourite'], not_tags: ['u.work'] }), '');
  assert.equal(await chosen({ not_tags: ['m.favourite'] }), 'invite plain space');
  assert.equal(await chosen({ spaces: [space] }), 'secret');
  assert.equal(await chosen({ spaces: ['!none:one.example'] }), '');
  assert.equal(await chosen({ spaces: [space], is_encrypted: false }), '');
});

onEachDatabase('a direct chat says so, also when it becomes one, and shows who is there', async (db, t) => {
  const direct: JsonObject = {};
  const api = new RoomApi(db, t, {}, { accountData: async () => direct });
  const room = await api.create('alice', { preset: 'trusted_private_chat', invite: [BOB], is_direct: true });
  await api.join('bob', room);
  const client = new SlidingConnection(api, 'alice');
  const first = (await client.sync(firstRooms(20))).rooms[room];
  assert.deepEqual([first?.is_dm, first?.name], [undefined, undefined]);
  assert.deepEqual(first?.heroes, [{ user_id: BOB, displayname: 'BOB' }]);
  direct[BOB] = [room];
  await api.say('bob', room, 'hi');
  assert.equal((await client.sync(firstRooms(20))).rooms[room]?.is_dm, true);
  await api.say('bob', room, 'hi again');
  assert.equal((await client.sync(firstRooms(20))).rooms[room]?.is_dm, undefined);
  assert.equal((await new SlidingConnection(api, 'alice', 'x').sync(firstRooms(20))).rooms[room]?.is_dm, true);
  direct[BOB] = [];
  await api.say('bob', room, 'bye');
  assert.equal((await client.sync(firstRooms(20))).rooms[room]?.is_dm, false);
});

onEachDatabase('rooms are sorted by activity, and what people said is their stamp', async (db, t) => {
  const api = new RoomApi(db, t);
  const [quiet, lively] = [await api.create('alice'), await api.create('alice')];
  await api.say('alice', quiet, 'first');
  await api.say('alice', lively, 'second');
  await api.setState('alice', quiet, 'm.room.topic', { topic: 'still' });
  const client = new SlidingConnection(api, 'alice');
  assert.deepEqual(Object.keys((await client.sync(firstRooms(1))).rooms), [quiet], 'something happened there last');
  const all = await new SlidingConnection(api, 'alice', 'all').sync(firstRooms(20));
  const [low, high] = [all.rooms[quiet]?.bump_stamp ?? 0, all.rooms[lively]?.bump_stamp ?? 0];
  assert.ok(low > 0 && low < high, 'but nobody said anything');
  await api.setState('alice', lively, 'm.room.topic', { topic: 'here too' });
  await api.setState('alice', quiet, 'm.room.topic', { topic: 'still there' });
  const next = await client.sync(firstRooms(1));
  assert.deepEqual([Object.keys(next.rooms), next.rooms[quiet]?.bump_stamp], [[quiet], undefined]);
});
