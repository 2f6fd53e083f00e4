import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { bodies, firstRooms, SlidingConnection, states } from '../../../../test/support/sliding.ts';

const ALICE = 'm.room.member @alice:one.example';
const BOB = 'm.room.member @bob:one.example';
const CAROL = 'm.room.member @carol:one.example';

const want = (...required_state: (readonly [string, string])[]) =>
  firstRooms(20, { required_state: required_state.map(pair => [...pair]) });

onEachDatabase('required state is what was asked for: by name, by type, by key, one own, all', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', name: 'Grove' });
  await api.join('bob', room);
  await api.setState('alice', room, 'org.example.a', {}, 'x');
  await api.setState('alice', room, 'org.example.a', {}, 'y');
  await api.setState('alice', room, 'org.example.b', {}, 'x');
  const stateOf = async (...pairs: (readonly [string, string])[]) =>
    states((await new SlidingConnection(api, 'alice').sync(want(...pairs))).rooms[room]);
  assert.deepEqual(await stateOf(), []);
  assert.deepEqual(await stateOf(['m.room.name', ''], ['m.room.topic', '']), ['m.room.name']);
  assert.deepEqual(await stateOf(['org.example.a', '*']), ['org.example.a x', 'org.example.a y']);
  assert.deepEqual(await stateOf(['*', 'x']), ['org.example.a x', 'org.example.b x']);
  assert.deepEqual(await stateOf(['m.room.member', '$ME']), [ALICE]);
  assert.deepEqual(await stateOf(['m.room.member', '*']), [ALICE, BOB]);
  const all = await stateOf(['*', '*']);
  assert.ok(all.includes(BOB) && all.includes('m.room.create') && all.includes('org.example.b x'), all.join());
  const lazily = await stateOf(['*', '*'], ['m.room.member', '$LAZY']);
  assert.deepEqual(
    lazily,
    all.filter(one => one !== BOB && one !== CAROL),
    'the sender of the last event alone',
  );
});

onEachDatabase('afterwards it is what changed of that, and what is asked for besides', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', name: 'Grove' });
  await api.setState('alice', room, 'm.room.topic', { topic: 'trees' });
  const client = new SlidingConnection(api, 'alice');
  const told = async (...pairs: (readonly [string, string])[]) => (await client.sync(want(...pairs))).rooms[room];
  await told(['m.room.name', '']);
  await api.setState('alice', room, 'm.room.name', { name: 'Wood' });
  await api.setState('alice', room, 'm.room.topic', { topic: 'more trees' });
  const changed = await told(['m.room.name', '']);
  assert.deepEqual([changed?.name, states(changed), changed?.initial], ['Wood', ['m.room.name'], undefined]);
  const more = await told(['m.room.name', ''], ['m.room.topic', '']);
  assert.deepEqual([states(more), bodies(more)], [['m.room.topic'], []], 'at once, and not what it has');
  assert.equal(more?.required_state?.[0]?.content.topic, 'more trees');
  assert.equal(await told(['m.room.name', '']), undefined);
  assert.equal(await told(['m.room.name', ''], ['m.room.topic', '']), undefined, 'nothing was missed meanwhile');
  await told(['m.room.name', '']);
  await api.setState('alice', room, 'm.room.topic', { topic: 'leaves' });
  assert.deepEqual(states(await told(['m.room.name', ''])), []);
  const missed = await told(['m.room.name', ''], ['m.room.topic', '']);
  assert.equal(missed?.required_state?.[0]?.content.topic, 'leaves');
  await api.setState('alice', room, 'm.room.name', { name: '' });
  await api.setState('alice', room, 'm.room.avatar', { url: 'mxc://one.example/leaf' });
  const nameless = await told();
  assert.deepEqual([nameless?.name, nameless?.avatar, nameless?.heroes], [null, 'mxc://one.example/leaf', []]);
});

onEachDatabase('members are loaded lazily: who spoke, whom it was about, and all who changed', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', name: 'Grove' });
  await api.join('bob', room);
  await api.join('carol', room);
  await api.say('bob', room, 'one');
  const lazy = want(['m.room.member', '$LAZY']);
  const client = new SlidingConnection(api, 'alice');
  const first = (await client.sync(lazy)).rooms[room];
  assert.deepEqual([states(first), first?.joined_count], [[BOB], 3]);
  await api.say('bob', room, 'two');
  assert.deepEqual(states((await client.sync(lazy)).rooms[room]), [], 'the client has the member');
  await api.say('carol', room, 'three');
  assert.deepEqual(states((await client.sync(lazy)).rooms[room]), [CAROL]);
  await api.ok(api.post('carol', `/v3/rooms/${room}/leave`));
  const left = (await client.sync(lazy)).rooms[room];
  assert.deepEqual([states(left), left?.joined_count], [[CAROL], 2]);
  await api.join('carol', room);
  await api.say('bob', room, 'four');
  const gap = (await client.sync(lazy)).rooms[room];
  assert.deepEqual([gap?.limited, states(gap), gap?.joined_count], [true, [], 3], 'over a gap only who is seen');
});

onEachDatabase('a longer timeline is given at once, once', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  for (const text of ['a', 'b', 'c', 'd']) await api.say('alice', room, text);
  const client = new SlidingConnection(api, 'alice');
  const told = async (timeline_limit: number) => (await client.sync(firstRooms(20, { timeline_limit }))).rooms[room];
  assert.deepEqual(bodies(await told(1)), ['d']);
  await api.say('alice', room, 'e');
  const more = await told(3);
  assert.deepEqual([bodies(more), more?.num_live, more?.limited], [['c', 'd', 'e'], 1, true]);
  assert.deepEqual([more?.expanded_timeline, more?.unstable_expanded_timeline, more?.initial], [true, true, undefined]);
  assert.equal(await told(3), undefined);
  assert.equal(await told(1), undefined);
  assert.equal(await told(3), undefined, 'it has them already');
  await api.say('alice', room, 'f');
  await api.say('alice', room, 'g');
  const gap = await told(1);
  assert.deepEqual([bodies(gap), gap?.limited, gap?.expanded_timeline], [['g'], true, undefined]);
  assert.deepEqual(bodies(await told(3)), ['e', 'f', 'g'], 'after a gap it does not');
  const subscribed = { ...firstRooms(20), room_subscriptions: { [room]: { timeline_limit: 5, required_state: [] } } };
  assert.deepEqual(bodies((await client.sync(subscribed)).rooms[room]), ['c', 'd', 'e', 'f', 'g']);
  const none = new SlidingConnection(api, 'alice', 'none');
  const { [room]: bare } = (await none.sync(firstRooms(20, { timeline_limit: 0 }))).rooms;
  assert.deepEqual([bare?.timeline, bare?.limited, (bare?.bump_stamp ?? 0) > 0], [undefined, undefined, true]);
});

onEachDatabase('a room that is out of range is told of when it is in range again', async (db, t) => {
  const api = new RoomApi(db, t);
  const [one, two] = [await api.create('alice'), await api.create('alice')];
  const client = new SlidingConnection(api, 'alice');
  const range = (count: number) => firstRooms(count, { timeline_limit: 3 });
  await client.sync(range(2));
  await api.say('alice', one, 'below');
  await api.say('alice', two, 'above');
  assert.deepEqual(Object.keys((await client.sync(range(1))).rooms), [two]);
  assert.deepEqual((await client.sync(range(1))).rooms, {});
  const { [one]: told, ...others } = (await client.sync(range(2))).rooms;
  assert.deepEqual([bodies(told), told?.initial, told?.num_live, others], [['below'], undefined, 0, {}]);
});
