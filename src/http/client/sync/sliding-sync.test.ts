import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { bodies, firstRooms, SlidingConnection, states } from '../../../../test/support/sliding.ts';

const ALICE = '@alice:one.example';
const BOB = '@bob:one.example';

onEachDatabase('a list brings the rooms in its range, those with news first, and then what changes', async (db, t) => {
  const api = new RoomApi(db, t);
  const rooms: string[] = [];
  for (const name of ['one', 'two', 'three']) rooms.push(await api.create('alice', { preset: 'public_chat', name }));
  const [one = '', two = '', three = ''] = rooms;
  await api.say('alice', one, 'hello');
  const client = new SlidingConnection(api, 'alice');
  const first = await client.sync(firstRooms(2));
  assert.deepEqual(Object.keys(first.rooms).toSorted(), [one, three].toSorted());
  assert.equal(first.lists?.rooms?.count, 3);
  const { name, initial, limited, num_live, joined_count, invited_count, membership } = first.rooms[one] ?? {};
  assert.deepEqual(
    [name, initial, limited, num_live, joined_count, invited_count, membership],
    ['one', true, true, 0, 1, 0, 'join'],
  );
  assert.deepEqual(bodies(first.rooms[one]), ['hello']);
  assert.ok((first.rooms[one]?.bump_stamp ?? 0) > (first.rooms[three]?.bump_stamp ?? 0));
  assert.deepEqual((await client.sync(firstRooms(2))).rooms, {}, 'nothing new');
  const grown = await client.sync(firstRooms(20));
  assert.deepEqual(Object.keys(grown.rooms), [two], 'only what the client has not');
  assert.equal(grown.rooms[two]?.initial, true);
  await api.say('alice', two, 'again');
  const { [two]: told, ...others } = (await client.sync(firstRooms(20))).rooms;
  assert.deepEqual(others, {});
  assert.deepEqual([told?.initial, told?.limited, told?.num_live, bodies(told)], [undefined, false, 1, ['again']]);
  assert.deepEqual([told?.name, told?.joined_count, told?.required_state], [undefined, undefined, undefined]);
  const earlier = await api.ok(api.get('alice', `/v3/rooms/${two}/messages?dir=b&limit=1&from=${told?.prev_batch}`));
  assert.equal((earlier.chunk as { type: string }[])[0]?.type, 'm.room.name');
  const later = await api.ok(api.get('alice', `/v3/rooms/${two}/messages?dir=b&limit=1&from=${client.pos}`));
  assert.deepEqual(RoomApi.bodies(later.chunk), ['again'], 'a position is a token of the history');
});

onEachDatabase('a client that did not get an answer gets it again, and one of another process too', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const list = firstRooms(20, { timeline_limit: 5, required_state: [['m.room.member', '$LAZY']] });
  const client = new SlidingConnection(api, 'alice');
  const lost = await client.peek(list);
  assert.equal((await client.sync(list)).rooms[room]?.initial, true);
  await api.join('bob', room);
  await api.say('bob', room, 'one');
  const first = await client.peek(list);
  assert.deepEqual(bodies(first.rooms[room]), [undefined, 'one']);
  assert.deepEqual(states(first.rooms[room]), [`m.room.member ${BOB}`]);
  await api.say('bob', room, 'two');
  const second = await client.peek(list);
  assert.deepEqual(bodies(second.rooms[room]), [undefined, 'one', 'two']);
  assert.deepEqual(states(second.rooms[room]), [`m.room.member ${BOB}`], 'the member as well');
  const elsewhere = new SlidingConnection(new RoomApi(db, t), 'alice');
  elsewhere.pos = client.pos;
  assert.deepEqual(bodies((await elsewhere.sync(list)).rooms[room]), [undefined, 'one', 'two']);
  assert.deepEqual((await elsewhere.sync(list)).rooms, {});
  client.pos = lost.pos;
  assert.deepEqual(await refusal(client.request(list)), [400, 'M_UNKNOWN_POS'], 'a new beginning ended the old one');
});

onEachDatabase('positions are those of one user, one device and one connection', async (db, t) => {
  const api = new RoomApi(db, t);
  await api.create('alice');
  const client = new SlidingConnection(api, 'alice', 'main');
  const { pos } = await client.sync(firstRooms(20));
  for (const [token, conn, at] of [
    ['bob', 'main', pos],
    ['alice/OTHER', 'main', pos],
    ['alice', 'second', pos],
    ['alice', 'main', pos.replace(/~\w+~/, '~Guessed~')],
    ['alice', 'main', pos.split('~')[0] ?? ''],
    ['alice', 'main', `${pos}~x`],
    ['alice', 'main', 'nonsense'],
    ['alice', 'main', pos.replace(/^c1\.\w+/, 'c1.zzzzzz')],
  ] as const) {
    const stranger = new SlidingConnection(api, token, conn);
    stranger.pos = at;
    assert.deepEqual(await refusal(stranger.request(firstRooms(20))), [400, 'M_UNKNOWN_POS'], `${token} ${conn} ${at}`);
  }
  assert.deepEqual((await client.sync(firstRooms(20))).rooms, {}, 'it is still good for whom it is');
});

onEachDatabase('who waits is answered when something happens in their rooms, or when the time is up', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const client = new SlidingConnection(api, 'alice');
  const { pos } = await client.sync(firstRooms(20), 'timeout=30000');
  const waiting = client.peek(firstRooms(20), 'timeout=30000');
  await api.say('bob', await api.create('bob', { preset: 'private_chat' }), 'elsewhere');
  await api.say('alice', room, 'here');
  assert.deepEqual(bodies((await waiting).rooms[room]), ['here']);
  await client.sync(firstRooms(20));
  const idle = await client.sync(firstRooms(20), 'timeout=50');
  assert.deepEqual([idle.rooms, idle.extensions], [{}, {}]);
  assert.notEqual(idle.pos, pos);
});

onEachDatabase('N145 sliding sync is bounded, and who left a room is told no more of it', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', name: 'Grove' });
  await api.join('bob', room);
  const list = {
    timeline_limit: 1e6,
    required_state: [['*', '*']],
    ranges: [
      [0, 1e9],
      [3, 1],
      [0, 0],
    ],
  };
  const wide = { lists: { rooms: list }, room_subscriptions: { [room]: { timeline_limit: 1e6, required_state: [] } } };
  const client = new SlidingConnection(api, 'bob');
  const first = await client.sync(wide);
  assert.ok((first.rooms[room]?.timeline?.length ?? 0) <= 100);
  const lists = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`list${at}`, list]));
  assert.deepEqual(await refusal(client.request({ lists })), [400, 'M_INVALID_PARAM']);
  const many = Array.from({ length: 5000 }, (_, at) => [`!room${at}:one.example`, { timeline_limit: 1 }]);
  const subscriptions = { room_subscriptions: Object.fromEntries(many) };
  assert.deepEqual(await refusal(client.request(subscriptions)), [400, 'M_INVALID_PARAM']);
  for (const ranges of [[[0, -1]], [[0]], [[0, 1.5]], 'all'])
    assert.deepEqual(await refusal(client.request({ lists: { rooms: { ...list, ranges } } })), [400, 'M_BAD_JSON']);
  await api.say('alice', room, 'before');
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  await api.say('alice', room, 'after');
  await api.setState('alice', room, 'm.room.name', { name: 'Secret' });
  const { [room]: left } = (await client.sync(wide)).rooms;
  assert.deepEqual([left?.membership, bodies(left)], ['leave', ['before', undefined]]);
  assert.deepEqual(states(left), [`m.room.member ${BOB}`]);
  assert.deepEqual((await client.sync(wide)).rooms, {}, 'it is told once');
  for (const body of [wide, { ...wide, lists: {} }]) {
    const anew = await new SlidingConnection(api, 'bob', 'anew').sync(body);
    assert.equal(JSON.stringify(anew).includes('after'), false);
    assert.equal(JSON.stringify(anew).includes('Secret'), false);
    assert.equal(anew.rooms[room]?.membership, 'leave', 'who asks for it by name sees it as it was');
  }
  const secret = await api.create('alice', { preset: 'private_chat' });
  const stranger = { room_subscriptions: { [secret]: { timeline_limit: 5, required_state: [['*', '*']] } } };
  assert.deepEqual((await new SlidingConnection(api, 'bob', 'other').sync(stranger)).rooms, {});
});

onEachDatabase('rooms beyond the memory of one answer come with the next', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', name: 'Grove' });
  const subscribe = { room_subscriptions: { [room]: { timeline_limit: 1, required_state: [['m.room.name', '']] } } };
  const client = new SlidingConnection(api, 'alice');
  const { [room]: told } = (await client.sync(subscribe)).rooms;
  assert.deepEqual([states(told), told?.initial], [['m.room.name'], true]);
  assert.equal(told?.required_state?.[0]?.sender, ALICE);
  for (let at = 0; at < 40; at++) await api.create('alice', { preset: 'public_chat', name: `room ${at}` });
  const wide = new SlidingConnection(api, 'alice', 'wide');
  const all = firstRooms(undefined, { timeline_limit: 100 });
  const seen = Object.keys((await wide.sync(all)).rooms);
  assert.ok(seen.length < 41, String(seen.length));
  while (seen.length < 41) {
    const more = Object.keys((await wide.sync(all, 'timeout=30000')).rooms);
    assert.ok(more.length > 0);
    seen.push(...more);
  }
  assert.equal(new Set(seen).size, 41);
});
