import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../../../test/support/accounts.ts';
import { onEachDatabase, openSqlite } from '../../../../test/support/databases.ts';
import { refusal, TestApi } from '../../../../test/support/http.ts';
import { roomsOn } from '../../../../test/support/rooms.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Database } from '../../../db/database.ts';
import { delayedById } from '../../../rooms/delayed-events.table.ts';
import { DelayedEvents, LONGEST_DELAY_MS, MOST_PER_USER } from '../../../rooms/delayed-events.ts';
import { delayedStateFollower } from '../../../rooms/delayed-state.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { roomRoutes } from '../rooms/routes.ts';
import { delayedEventRoutes } from './routes.ts';

const DELAYED = '/unstable/org.matrix.msc4140/delayed_events';
const TYPE = 'com.example.call';

/** Rooms with delayed events on a clock that is moved by hand. */
class DelayedWorld extends TestApi {
  readonly clock: TestClock;
  readonly delayed: DelayedEvents;
  /** Who may not send any more, by number. */
  readonly gone: Set<number>;

  constructor(db: Database, t: TestContext, clock = new TestClock()) {
    const bare = roomsOn(db);
    const notifications = delayedStateFollower({ nids: () => bare.nids, clock });
    const rooms: RoomsParts = { ...bare, clock, notifications };
    const gone = new Set<number>();
    const delayed = new DelayedEvents(rooms, async userNid => !gone.has(userNid));
    const parts: RoomRouteParts = {
      rooms,
      delayed,
      profileFor: async () => ({}),
      ignoredUsers: async () => new Set(),
      reading: { readUpTo: async () => {}, fullyRead: async () => undefined, setFullyRead: async () => {} },
      defaultRoomVersion: '12',
      appserviceOwns: () => false,
      aliasOwner: () => undefined,
      ownsAlias: () => false,
    };
    super(rooms, [...roomRoutes(parts), ...delayedEventRoutes({ rooms, delayed })], t);
    this.clock = clock;
    this.delayed = delayed;
    this.gone = gone;
    delayed.start();
    t.after(() => delayed[Symbol.asyncDispose]());
  }

  async room(): Promise<string> {
    const override = { events: { [TYPE]: 0 } };
    const body = { preset: 'public_chat', power_level_content_override: override };
    const room = String((await this.ok(this.post('alice', '/v3/createRoom', body))).room_id);
    await this.ok(this.post('bob', `/v3/join/${room}`));
    return room;
  }

  async state(who: string, room: string, key: string, content: JsonObject, delay: number): Promise<string> {
    const path = `/v3/rooms/${room}/state/${TYPE}/${key}?org.matrix.msc4140.delay=${delay}`;
    return String((await this.ok(this.put(who, path, content))).delay_id);
  }

  async pass(ms: number): Promise<void> {
    await this.delayed.idle();
    this.clock.advance(ms);
    await this.delayed.idle();
  }

  async ids(who: string): Promise<unknown[]> {
    const { delayed_events: list } = await this.ok(this.get(who, DELAYED));
    return (list as JsonObject[]).map(event => event.delay_id);
  }
}

onEachDatabase('a delayed event is sent when its time comes, and listed until then', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const path = `/v3/rooms/${room}/send/m.room.message/t1?org.matrix.msc4140.delay=5000`;
  const { delay_id: first } = await world.ok(world.put('alice', path, { msgtype: 'm.text', body: 'later' }));
  assert.equal((await world.ok(world.put('alice', path, {}))).delay_id, first);
  const second = await world.state('alice', room, 'k', { a: 1 }, 9000);
  assert.deepEqual(await world.ids('alice'), [first, second]);
  assert.deepEqual(await world.ids('bob'), []);
  const listed = await world.ok(world.get('alice', `${DELAYED}/${second}`));
  const place = { room_id: room, type: TYPE, state_key: 'k', content: { a: 1 }, delay: 9000 };
  assert.deepEqual(listed, { delay_id: second, ...place, running_since: world.clock.now() });
  assert.deepEqual(await refusal(world.get('bob', `${DELAYED}/${second}`)), [404, 'M_NOT_FOUND']);

  await world.pass(5000);
  assert.deepEqual(await world.ids('alice'), [second]);
  const { chunk } = await world.ok(world.get('bob', `/v3/rooms/${room}/messages?dir=b&limit=1`));
  const [message = {}] = chunk as JsonObject[];
  assert.deepEqual([message.content, message.sender], [{ msgtype: 'm.text', body: 'later' }, '@alice:one.example']);
  await world.pass(4000);
  assert.deepEqual(await world.ids('alice'), []);
  assert.deepEqual(await world.ok(world.get('bob', `/v3/rooms/${room}/state/${TYPE}/k`)), { a: 1 });

  const { finalised } = await world.ok(world.get('alice', `${DELAYED}?status=finalised`));
  const [last = {}, before = {}] = finalised as JsonObject[];
  assert.deepEqual([last.outcome, last.reason, last.origin_server_ts], ['send', 'delay', world.clock.now()]);
  assert.equal((last.delayed_event as JsonObject).delay_id, second);
  assert.equal(before.event_id, message.event_id);
});

onEachDatabase('whoever knows the ID restarts, sends and cancels', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const [late, now, never] = [
    await world.state('alice', room, 'late', { n: 1 }, 1000),
    await world.state('alice', room, 'now', { n: 2 }, 100_000),
    await world.state('alice', room, 'never', { n: 3 }, 1500),
  ];
  const isSet = async (key: string) =>
    (await world.get('alice', `/v3/rooms/${room}/state/${TYPE}/${key}`)).status === 200;
  await world.pass(600);
  await world.ok(world.post('', `${DELAYED}/${late}/restart`));
  await world.pass(600);
  assert.equal(await isSet('late'), false);
  await world.ok(world.post('', `${DELAYED}/${never}/cancel`));
  await world.ok(world.post('', `${DELAYED}/${never}/cancel`));
  await world.ok(world.post('bob', `${DELAYED}/${now}`, { action: 'send' }));
  assert.equal(await isSet('now'), true);
  await world.ok(world.post('', `${DELAYED}/${now}/send`));
  await world.pass(5000);
  assert.deepEqual([await isSet('late'), await isSet('never')], [true, false]);
  for (const [id, action] of [
    [late, 'restart'],
    [late, 'cancel'],
    [never, 'send'],
    ['abc', 'restart'],
    ['abc', 'cancel'],
    ['abc', 'send'],
    ['abc', 'oops'],
  ]) {
    assert.equal((await world.post('', `${DELAYED}/${id}/${action}`)).status, 404, `${id} ${action}`);
  }
  assert.equal((await world.post('', `${DELAYED}/abc`, {})).status, 400);
});

onEachDatabase('state that others set ends what was to be set there; one’s own does not', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const id = await world.state('alice', room, 'k', { left: true }, 1000);
  await world.ok(world.put('alice', `/v3/rooms/${room}/state/${TYPE}/k`, { here: 1 }));
  assert.deepEqual(await world.ids('alice'), [id]);
  await world.ok(world.put('bob', `/v3/rooms/${room}/state/${TYPE}/k`, { here: 2 }));
  assert.deepEqual(await world.ids('alice'), []);
  await world.pass(2000);
  assert.deepEqual(await world.ok(world.get('bob', `/v3/rooms/${room}/state/${TYPE}/k`)), { here: 2 });
  const end = await world.ok(world.get('alice', `${DELAYED}/${id}`));
  assert.deepEqual([end.outcome, end.reason], ['cancel', 'error']);
});

onEachDatabase('what the room refuses when its time comes ends there, and holds nothing up', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const send = (who: string, txn: string, content: JsonObject) =>
    world.put(who, `/v3/rooms/${room}/send/m.room.message/${txn}?org.matrix.msc4140.delay=1000`, content);
  const { delay_id: refused } = await world.ok(send('bob', '1', { msgtype: 'm.text', body: 'bob' }));
  await world.ok(send('alice', '2', { msgtype: 'm.text', body: 'alice' }));
  assert.deepEqual(await refusal(send('alice', '3', { body: 'of no kind' })), [400, 'M_BAD_JSON']);
  const leave = `/v3/rooms/${room}/state/m.room.member/@bob:one.example?org.matrix.msc4140.delay=500`;
  await world.ok(world.put('bob', leave, { membership: 'leave', reason: 'gone' }));
  await world.pass(500);
  const member = `/v3/rooms/${room}/state/m.room.member/@bob:one.example`;
  assert.deepEqual(await world.ok(world.get('alice', member)), { membership: 'leave', reason: 'gone' });
  await world.pass(500);
  const { chunk } = await world.ok(world.get('alice', `/v3/rooms/${room}/messages?dir=b&limit=1`));
  assert.deepEqual((chunk as JsonObject[])[0]?.content, { msgtype: 'm.text', body: 'alice' });
  const end = await world.ok(world.get('bob', `${DELAYED}/${refused}`));
  assert.deepEqual([end.outcome, end.reason, (end.error as JsonObject).errcode], ['cancel', 'error', 'M_FORBIDDEN']);
});

onEachDatabase('nothing is sent for those who were suspended meanwhile', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const id = await world.state('bob', room, 'k', {}, 1000);
  const row = await delayedById(db, id);
  world.gone.add(row?.user_nid ?? 0);
  await world.pass(1000);
  assert.equal((await world.get('bob', `/v3/rooms/${room}/state/${TYPE}/k`)).status, 404);
  assert.equal((await world.ok(world.get('bob', `${DELAYED}/${id}`))).outcome, 'cancel');
});

onEachDatabase('delays and their number are bounded, and one must be in the room', async (db, t) => {
  const world = new DelayedWorld(db, t);
  const room = await world.room();
  const send = (who: string, delay: string, type = 'm.room.message', as = {}) =>
    world.put(
      who,
      `/v3/rooms/${room}/send/${type}/${delay}?org.matrix.msc4140.delay=${delay}`,
      { msgtype: 'm.text', body: 'x' },
      as,
    );
  assert.deepEqual(await refusal(send('carol', '1')), [403, 'M_FORBIDDEN']);
  for (const bad of ['0', '-1', 'x', '1.5'])
    assert.deepEqual(await refusal(send('bob', bad)), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await refusal(send('bob', '1', 'm.room.message', { isSuspended: true })), [403, 'M_USER_SUSPENDED']);
  const { status, body } = await send('bob', String(LONGEST_DELAY_MS + 1));
  const told = [status, body.errcode, body['org.matrix.msc4140.errcode'], body['org.matrix.msc4140.max_delay']];
  assert.deepEqual(told, [400, 'M_UNKNOWN', 'M_MAX_DELAY_EXCEEDED', LONGEST_DELAY_MS]);
  for (let at = 1; at <= MOST_PER_USER; at++) await world.ok(send('bob', String(1000 + at)));
  const over = await send('bob', '999');
  assert.deepEqual([over.status, over.body['org.matrix.msc4140.errcode']], [400, 'M_MAX_DELAYED_EVENTS_EXCEEDED']);
  await world.ok(send('alice', '999'));
});

test('a restart loses no delayed event, and sends at once what fell due meanwhile', async t => {
  await using opened = await openSqlite();
  const first = new DelayedWorld(opened.db, t);
  const room = await first.room();
  await first.state('alice', room, 'soon', { n: 1 }, 1000);
  const later = await first.state('alice', room, 'later', { n: 2 }, 10_000);
  await first.delayed[Symbol.asyncDispose]();
  first.clock.advance(2000);
  const second = new DelayedWorld(opened.db, t, first.clock);
  await second.pass(0);
  assert.deepEqual(await second.ids('alice'), [later]);
  assert.deepEqual(await second.ok(second.get('alice', `/v3/rooms/${room}/state/${TYPE}/soon`)), { n: 1 });
  await second.pass(8000);
  assert.deepEqual(await second.ok(second.get('alice', `/v3/rooms/${room}/state/${TYPE}/later`)), { n: 2 });
});
