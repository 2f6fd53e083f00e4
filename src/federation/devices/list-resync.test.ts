import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { RemoteDevicesWorld } from '../../../test/support/remote-devices.ts';
import { accepted, DORA, joinFrom } from '../../../test/support/remote-events.ts';
import type { UserId } from '../../core/ids.ts';
import { deviceServer } from './device-server.table.ts';
import { LISTS_WANTED_SUBJECT } from './list-servers.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

onEachDatabase('the loop asks for what is wanted as soon as it is due and told of, and ends', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  await world.query(DORA);
  const stop = new AbortController();
  const loop = world.resync.run(stop.signal);
  world.dora.change('UNTOLD');
  await world.receive(world.dora.change('NEW'));
  world.clock.advance(2000);
  world.rooms.bus.publish(LISTS_WANTED_SUBJECT);
  while ((await world.row(DORA))?.stale !== 0) await new Promise(resolve => setTimeout(resolve, 5));
  assert.equal(world.asked.length, 2);
  stop.abort();
  await loop;
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW', 'PHONE', 'UNTOLD']);
});

onEachDatabase('a server is asked for one thing at a time, and several servers side by side', async db => {
  const world = new RemoteDevicesWorld(db);
  const far = Array.from({ length: 4 }, (_, at) => `@u${at}:s${at % 2}.example` as UserId);
  const room = await world.shared(DORA);
  for (const user of far) await joinFrom(world.rooms, room, user);
  for (const server of ['s0.example', 's1.example', 'two.example']) world.down.add(server);
  await world.query(DORA, ...far);
  world.asked.length = 0;
  world.clock.advance(100_000);
  const running = new Set<string>();
  let most = 0;
  world.down.clear();
  world.instead = async ({ server, path }) => {
    assert.equal(running.has(`${server} ${path}`), false);
    running.add(`${server} ${path}`);
    most = Math.max(most, running.size);
    await new Promise(resolve => setTimeout(resolve, 50));
    return { user_id: path.slice('/devices/'.length), stream_id: 1, devices: [] };
  };
  await world.askWanted();
  assert.equal(world.asked.length, 5);
  assert.ok(most > 2, `${most} at once`);
});

onEachDatabase('what is wanted of users who share no room any more is forgotten', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  world.down.add('two.example');
  await world.query(DORA);
  const row = await world.row(DORA);
  assert.equal(row?.wanted, 2);
  const leave = { type: 'm.room.member', sender: DORA, stateKey: DORA, content: { membership: 'leave' } };
  await accepted(world.rooms, room, leave);
  world.clock.advance(100_000);
  world.asked.length = 0;
  await world.askWanted();
  assert.deepEqual(world.asked, []);
  assert.equal(await world.row(DORA), undefined);
  assert.equal(await deviceServer(db, row?.domain_nid ?? 0), undefined);
});

onEachDatabase('a server that refuses is asked less and less often', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  world.down.add('two.example');
  await world.query(DORA);
  const domain = (await world.row(DORA))?.domain_nid ?? 0;
  for (const wait of [10_000, 20_000, 40_000, 80_000]) {
    const record = await deviceServer(db, domain);
    assert.equal((record?.due ?? 0) - (record?.tried ?? 0), wait);
    world.clock.advance(wait);
    await world.askWanted();
  }
});

for (const asker of ['by itself', 'when a client asks'])
  onEachDatabase(`a server that failed while the clock was ahead is asked once it is right, ${asker}`, async db => {
    const world = new RemoteDevicesWorld(db);
    await world.shared(DORA);
    world.clock.advance(YEAR_MS);
    world.down.add('two.example');
    await world.query(DORA);
    world.clock.advance(-YEAR_MS);
    world.down.clear();
    world.asked.length = 0;
    if (asker === 'by itself') await world.askWanted();
    else assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE']);
    assert.ok(world.asked.length > 0);
  });
