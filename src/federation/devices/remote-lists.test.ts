import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { keysOfDevice, RemoteDevicesWorld, RemoteUser, refusal } from '../../../test/support/remote-devices.ts';
import { accepted, DORA, EMIL, joinFrom } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll } from '../../../test/support/rooms.ts';
import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { leave } from '../../rooms/membership.ts';
import { clearRemains, takeAway } from '../../rooms/room-remains.ts';
import { remoteDevicesOf } from './remote-device.table.ts';
import { tidyLists } from './tidy-lists.ts';

const leaveOf = (user: UserId) => ({
  type: 'm.room.member',
  sender: user,
  stateKey: user,
  content: { membership: 'leave' },
});

onEachDatabase('the list of a user with whom we share a room is asked for once, and then kept', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  world.dora.names.set('PHONE', 'My phone');
  const first = await world.query(DORA);
  assert.deepEqual(
    world.asked.map(({ method, path }) => `${method} ${path}`),
    [`GET /devices/${DORA}`],
  );
  assert.deepEqual(Object.keys(first.deviceKeys[DORA] ?? {}).sort(), ['LAPTOP', 'PHONE']);
  const { unsigned, ...keys } = first.deviceKeys[DORA]?.PHONE ?? {};
  assert.deepEqual(keys, world.dora.devices.get('PHONE'), 'as it was signed');
  assert.deepEqual(unsigned, { device_display_name: 'My phone' });
  assert.deepEqual(first.masterKeys[DORA], world.dora.identity.upload.master_key);
  assert.deepEqual(first.selfSigningKeys[DORA], world.dora.identity.upload.self_signing_key);
  assert.deepEqual(first.failures, {});
  const second = await world.query(DORA);
  assert.equal(world.asked.length, 1, 'from what was kept');
  assert.deepEqual(second, first);
  const one = await world.ask(new Map([[DORA, ['LAPTOP', 'GONE']]]));
  assert.deepEqual(Object.keys(one.deviceKeys[DORA] ?? {}), ['LAPTOP']);
});

onEachDatabase('of strangers nothing is kept, and only what is wanted is asked for', async db => {
  const world = new RemoteDevicesWorld(db);
  world.users.set(EMIL, new RemoteUser(EMIL, 'A', 'B'));
  for (let round = 1; round <= 2; round++) {
    const answer = await world.ask(new Map([[EMIL, ['A']]]));
    assert.deepEqual(Object.keys(answer.deviceKeys[EMIL] ?? {}), ['A']);
    assert.deepEqual(world.asked.at(-1)?.body, { device_keys: { [EMIL]: ['A'] } });
    assert.equal(world.asked.length, round);
  }
  assert.equal(await world.row(EMIL), undefined);
  assert.deepEqual((await world.query('@nobody:two.example' as UserId)).deviceKeys, {}, 'unknown there');
});

onEachDatabase('many users of a server are asked for together, those of several side by side', async db => {
  const world = new RemoteDevicesWorld(db);
  const far = Array.from({ length: 120 }, (_, at) => `@u${at}:three.example` as UserId);
  for (const id of [...far, EMIL]) world.users.set(id, new RemoteUser(id, 'X'));
  const room = await world.shared(DORA);
  for (const id of far.slice(0, 4)) await joinFrom(world.rooms, room, id);
  const answer = await world.query(DORA, EMIL, ...far);
  assert.equal(Object.keys(answer.deviceKeys).length, 122);
  const queries = world.asked.filter(({ server }) => server === 'three.example');
  const sizes = queries.map(({ body }) => Object.keys(body.device_keys as object).length);
  assert.deepEqual(sizes.sort(), [16, 4, 50, 50]);
  world.asked.length = 0;
  await world.query(DORA, ...far.slice(0, 4));
  assert.deepEqual(world.asked, []);
});

onEachDatabase('a server that does not like one name, or knows one way only, is asked another way', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  const ids = Array.from({ length: 8 }, (_, at) => `@u${at}:two.example` as UserId);
  for (const id of ids) {
    world.users.set(id, new RemoteUser(id, 'X'));
    await joinFrom(world.rooms, room, id);
  }
  world.instead = ({ server, path, body }) => {
    const names = path === '/keys/query' ? Object.keys(body.device_keys as object) : [path.slice('/devices/'.length)];
    if (names.includes(ids[3]!)) throw refusal(server, 400, 'M_INVALID_PARAM');
    return undefined;
  };
  const answer = await world.query(...ids);
  assert.deepEqual([Object.keys(answer.deviceKeys).length, answer.failures], [8, {}]);
  assert.deepEqual(answer.deviceKeys[ids[3]!], {});
  assert.ok(world.asked.length <= 12, `${world.asked.length} requests`);
  world.instead = ({ server, method }) => {
    if (method === 'GET') throw refusal(server, 404, 'M_UNRECOGNIZED');
    return undefined;
  };
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE']);
  world.instead = ({ server }) => {
    throw refusal(server, 403, 'M_FORBIDDEN');
  };
  await world.receive({ ...world.dora.change('NEW'), prev_id: [] });
  const { failures } = await world.query(DORA);
  assert.deepEqual(failures['two.example']?.errcode, 'M_FORBIDDEN');
});

onEachDatabase('clients that ask for the same at the same time cause one request', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const answers = await Promise.all(Array.from({ length: 20 }, () => world.devicesOf(DORA)));
  for (const devices of answers) assert.deepEqual(devices, ['LAPTOP', 'PHONE']);
  assert.equal(world.asked.length, 1);
});

onEachDatabase('a server that is down is a failure, and clients hear of the list when it is back', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await world.told(room, DORA);
  // A change of which the server could not tell us.
  world.dora.change('NEW');
  await world.receive(world.dora.change('NEWER'));
  assert.ok(await world.told(room, DORA), 'a gap means that something changed');
  world.down.add('two.example');
  const answer = await world.query(DORA);
  assert.deepEqual(Object.keys(answer.failures), ['two.example']);
  assert.deepEqual(Object.keys(answer.deviceKeys[DORA] ?? {}).sort(), ['LAPTOP', 'PHONE'], 'the last that was known');
  const before = world.asked.length;
  assert.deepEqual(Object.keys((await world.query(DORA)).failures), ['two.example']);
  assert.equal(world.asked.length, before, 'it is not asked again at once');
  world.clock.advance(3000);
  await world.askWanted();
  assert.equal(world.asked.length, before, 'nor by ourselves');
  world.clock.advance(10_000);
  await world.askWanted();
  assert.equal(world.asked.length, before + 1);
  assert.equal(await world.told(room, DORA), false);
  world.down.clear();
  await world.servers.isAlive(DORA.split(':')[1] as never);
  await world.askWanted();
  assert.ok(await world.told(room, DORA), 'what was owed');
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW', 'NEWER', 'PHONE']);
  assert.equal(world.asked.length, before + 2);
});

onEachDatabase('what is wanted is still wanted after a restart, and not sooner than before', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  world.down.add('two.example');
  await world.query(DORA);
  const restarted = new RemoteDevicesWorld(db, world.rooms);
  await restarted.askWanted();
  assert.deepEqual(restarted.asked, []);
  restarted.clock.advance(15_000);
  await restarted.askWanted();
  assert.equal(restarted.asked.length, 1);
  assert.equal((await restarted.row(DORA))?.stale, 0);
  restarted.clock.advance(1_000_000);
  await restarted.askWanted();
  assert.equal(restarted.asked.length, 1, 'nothing is wanted any more');
});

onEachDatabase('a silent server costs the client its timeout, and the others are answered', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  const slow = '@slow:three.example' as UserId;
  await joinFrom(world.rooms, room, slow);
  const { promise, resolve } = Promise.withResolvers<JsonObject>();
  world.instead = ({ server }) => (server === 'three.example' ? promise : undefined);
  const answer = await world.ask(new Map([DORA, slow].map(user => [user, []])), 1500);
  assert.deepEqual(Object.keys(answer.failures), ['three.example']);
  assert.ok(answer.deviceKeys[DORA]);
  await world.told(room, slow);
  resolve(new RemoteUser(slow, 'LATE').list);
  world.clock.advance(2000);
  await world.askWanted();
  assert.equal(await world.told(room, slow), true, 'the answer came after the client had gone');
  assert.deepEqual(await world.devicesOf(slow), ['LATE']);
});

onEachDatabase('what comes in while a list is asked for makes the answer doubtful', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const old = world.dora.list;
  world.instead = async () => {
    world.instead = () => undefined;
    await world.receive(world.dora.change('NEW'));
    return old;
  };
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE']);
  assert.equal((await world.row(DORA))?.stale, 1);
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW', 'PHONE']);
});

onEachDatabase('whoever leaves and comes back is asked for anew', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await accepted(world.rooms, room, leaveOf(DORA));
  world.dora.change('NEW');
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW', 'PHONE'], 'a stranger now');
  world.dora.change('NEWER');
  await joinFrom(world.rooms, room, DORA);
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW', 'NEWER', 'PHONE']);
});

onEachDatabase('when the last of us leaves a room, lists of those who stay are not trusted any more', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await joinAll(world.rooms, room, [BOB]);
  await world.query(DORA);
  await leave(world.rooms, room, { sender: ALICE });
  assert.equal((await world.row(DORA))?.stale, 0, 'Bob is still there');
  await leave(world.rooms, room, { sender: BOB });
  assert.equal((await world.row(DORA))?.stale, 1);
});

onEachDatabase('when a room is deleted, so are lists of those who were in it not trusted any more', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await takeAway(world.rooms, room);
  const remover = { removeRows: async () => 0, usersRemoved: async () => undefined };
  while ((await clearRemains(world.rooms, room.roomId, remover)) > 0);
  assert.equal((await world.row(DORA))?.stale, 1);
});

onEachDatabase('lists of strangers are cleared away, and the largest where they are too much', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA, EMIL);
  world.users.set(EMIL, new RemoteUser(EMIL, ...Array.from({ length: 20 }, (_, at) => `D${at}`)));
  await world.query(DORA, EMIL);
  await tidyLists(world.rooms);
  assert.ok((await world.row(DORA)) && (await world.row(EMIL)));
  await tidyLists(world.rooms, 3000);
  assert.equal(await world.row(EMIL), undefined, 'together they are too large');
  await world.query(DORA);
  await accepted(world.rooms, room, leaveOf(DORA));
  await tidyLists(world.rooms);
  assert.equal(await world.row(DORA), undefined);
  const nid = await world.rooms.nids.users.findOne(db, DORA);
  assert.deepEqual(await remoteDevicesOf(db, [nid ?? 0]), new Map());
});

onEachDatabase("of an answer only what is the user's and as it should be is kept", async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const good = keysOfDevice(DORA, 'GOOD');
  const devices: [string, JsonObject | string][] = [
    ['GOOD', { ...good, unsigned: { evil: 'x'.repeat(100_000) } }],
    ['OTHER', keysOfDevice(DORA, 'ELSE')],
    ['EMIL', keysOfDevice(EMIL, 'EMIL')],
    ['ALICE', keysOfDevice(ALICE, 'ALICE')],
    ['LARGE', keysOfDevice(DORA, 'LARGE', { more: 'x'.repeat(40_000) })],
    ['MANY', keysOfDevice(DORA, 'MANY', { algorithms: Array.from({ length: 100 }, () => 'a') })],
    ['FLOAT', { ...keysOfDevice(DORA, 'FLOAT'), n: 1.5 }],
    ['TEXT', 'keys'],
    ['NONE', { ...keysOfDevice(DORA, 'NONE'), keys: {} }],
    ['SHORT', { ...keysOfDevice(DORA, 'SHORT'), keys: { 'ed25519:SHORT': 'AAAA' } }],
    ['x'.repeat(300), keysOfDevice(DORA, 'x'.repeat(300))],
  ];
  const other = new RemoteUser(EMIL);
  const keys = { master_key: other.identity.upload.master_key ?? {}, self_signing_key: {} };
  const list = devices.map(([device_id, each]) => ({ device_id, keys: each, device_display_name: 'n'.repeat(2000) }));
  world.instead = () => ({ user_id: DORA, stream_id: 7, devices: [...list, 3, null], ...keys });
  const answer = await world.query(DORA);
  assert.deepEqual(answer.deviceKeys[DORA], { GOOD: { ...good, unsigned: {} } });
  assert.deepEqual(answer.masterKeys, {});
  assert.deepEqual(answer.selfSigningKeys, {});
});

onEachDatabase('an answer about others adds nothing, and one that is none is a failure', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  for (const answer of [{ user_id: EMIL, stream_id: 1, devices: [] }, { user_id: DORA, devices: [] }, [], 'x', null]) {
    world.clock.advance(100_000);
    world.instead = () => answer;
    const { deviceKeys, failures } = await world.query(DORA);
    assert.deepEqual([deviceKeys[DORA], Object.keys(failures)], [{}, ['two.example']], JSON.stringify(answer));
  }
  world.instead = () => ({
    device_keys: { [ALICE]: { A: keysOfDevice(ALICE, 'A') }, [EMIL]: { E: keysOfDevice(EMIL, 'E') } },
    master_keys: { [ALICE]: new RemoteUser(ALICE).identity.upload.master_key ?? {} },
  });
  const { deviceKeys, masterKeys } = await world.query(EMIL);
  assert.deepEqual([Object.keys(deviceKeys), masterKeys], [[EMIL], {}]);
});

onEachDatabase('a self-signing key counts only with the signature of the master key', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const stranger = new RemoteUser(DORA).identity.upload.self_signing_key ?? {};
  world.instead = () => ({ ...world.dora.list, self_signing_key: stranger });
  const answer = await world.query(DORA);
  assert.ok(answer.masterKeys[DORA]);
  assert.deepEqual(answer.selfSigningKeys, {});
});

onEachDatabase('an endless list is cut', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  // A name that no key and no signature can have in it: base64 has no dash.
  const one = keysOfDevice(DORA, 'D-0');
  const many = Array.from({ length: 1500 }, (_, at) => ({
    device_id: `D-${at}`,
    keys: JSON.parse(JSON.stringify(one).replaceAll('D-0', `D-${at}`)) as JsonObject,
  }));
  world.instead = () => ({ ...world.dora.list, devices: many });
  assert.equal((await world.devicesOf(DORA)).length, 1000);
});
