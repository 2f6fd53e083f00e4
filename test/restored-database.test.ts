import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { getObject, type JsonObject } from '../src/core/json.ts';
import { migrate } from '../src/db/migrate.ts';
import { SqliteDatabase } from '../src/db/sqlite.ts';
import { returnedEvents } from '../src/federation/gaps/returned-event.table.ts';
import { roomFacts } from './world/room-facts.table.ts';
import { World } from './world/world.ts';
import type { WorldUser } from './world/world-user.ts';

const [A, B] = ['a.example', 'b.example'];
const MINUTE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'copse-restored-'));
const template = join(folder, 'template.db');

before(async () => {
  await using db = new SqliteDatabase({ file: template, synchronous: 'off' });
  await migrate(db);
});
after(() => rmSync(folder, { recursive: true }));

/** Alice's server is put back to a backup; Bob's is another one. */
class Scene {
  readonly world: World;
  readonly alice: WorldUser;
  readonly bob: WorldUser;
  roomId = '';

  private constructor(world: World) {
    this.world = world;
    this.alice = world.users[0]!;
    this.bob = world.users[1]!;
  }

  static async open(world: World): Promise<Scene> {
    await world.start();
    const scene = new Scene(world);
    scene.roomId = await world.during(scene.alice.createRoom({ preset: 'public_chat' }));
    await scene.must(scene.bob.join(scene.roomId, A));
    await world.pass(MINUTE_MS);
    return scene;
  }

  async must(work: ReturnType<WorldUser['call']>): Promise<JsonObject> {
    const { status, body } = await this.world.during(work);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async say(user: WorldUser, text: string): Promise<string> {
    const { event_id } = await this.must(user.message(this.roomId, text));
    await this.world.pass(MINUTE_MS);
    return String(event_id);
  }

  upload(keys: JsonObject): Promise<JsonObject> {
    return this.must(this.alice.call('POST', '/v3/keys/upload', { one_time_keys: keys }));
  }

  /** The one-time key of Alice's that Bob is given now. */
  async claim(): Promise<unknown> {
    const wanted = { one_time_keys: { [this.alice.id]: { FIRST: 'curve25519' } } };
    const body = await this.must(this.bob.call('POST', '/v3/keys/claim', wanted));
    return getObject(getObject(body, 'one_time_keys') ?? {}, this.alice.id)?.FIRST;
  }

  async devices(asker: WorldUser): Promise<string[]> {
    return Object.keys(await this.world.during(asker.devicesOf(this.alice.id)));
  }
}

test('N212 a database that is put back from a backup gives nothing out twice, and what others have comes back', async () => {
  await using world = new World(1, [A, B], template);
  const scene = await Scene.open(world);
  const { alice, bob, roomId } = scene;
  const [server] = world.servers;
  await world.during(alice.addDevice('PHONE', world.random));
  await scene.upload({ 'curve25519:one': 'the first key', 'curve25519:two': 'the second key' });
  const old = await scene.say(alice, 'in the backup');
  const backup = await world.during(server!.backUp());

  await world.pass(11 * MINUTE_MS);
  const lost = [await scene.say(alice, 'lost'), await scene.say(bob, 'heard'), await scene.say(alice, 'lost too')];
  await world.during(alice.addDevice('TABLET', world.random));
  assert.deepEqual(await scene.claim(), { 'curve25519:one': 'the first key' });
  assert.deepEqual(await scene.devices(bob), ['PHONE', 'TABLET']);
  for (const user of [alice, bob]) await world.during(user.sync());

  server!.crash();
  await world.during(server!.start(backup));
  const { shown } = await roomFacts(server!.db, roomId);
  assert.deepEqual([shown.has(old), lost.some(id => shown.has(id))], [true, false], 'the backup is from before');
  assert.equal(await scene.claim(), undefined, 'what was given out is not given out again');
  await world.pass(10 * MINUTE_MS);

  const again = await roomFacts(server!.db, roomId);
  assert.deepEqual(
    [...lost].filter(id => !again.shown.has(id)),
    [],
    'the other server has brought it back',
  );
  assert.deepEqual(await scene.devices(alice), ['PHONE']);
  assert.deepEqual(await scene.devices(bob), ['PHONE'], 'the other server has learnt of it');
  const fresh = [await scene.say(bob, 'after it'), await scene.say(alice, 'and more')];
  for (const user of [alice, bob]) {
    await world.during(user.sync());
    const seen = user.seen.get(roomId) ?? [];
    assert.deepEqual(
      fresh.filter(id => !seen.includes(id)),
      [],
      `${user.id} goes on from the token of before`,
    );
  }
  await scene.upload({ 'curve25519:three': 'the third key' });
  assert.deepEqual(await scene.claim(), { 'curve25519:three': 'the third key' });
  assert.deepEqual(world.network.deliveries.reused, []);
  assert.equal((await returnedEvents(server!.db)).events, 0, 'that they come back was to be expected');
});

test('N212 a backup that the mark does not show is known by our own events that come back', async () => {
  await using world = new World(3, [A, B], template);
  const scene = await Scene.open(world);
  const { alice, bob } = scene;
  const [server] = world.servers;
  await scene.say(alice, 'in the backup');
  const backup = await world.during(server!.backUp());
  const lost = [await scene.say(alice, 'lost'), await scene.say(bob, 'heard'), await scene.say(alice, 'lost too')];
  server!.crash();
  await world.during(server!.start(backup));
  await world.pass(5 * MINUTE_MS);
  const { shown } = await roomFacts(server!.db, scene.roomId);
  assert.ok(lost.every(id => shown.has(id)));
  const { begun, events, newest } = await returnedEvents(server!.db);
  assert.deepEqual([begun, events, newest?.server], [0, 2, B]);
});

test('N212 a server that goes on with its own database is left as it is', async () => {
  await using world = new World(2, [A, B], template);
  const scene = await Scene.open(world);
  await scene.upload({ 'curve25519:one': 'the first key' });
  await world.pass(11 * MINUTE_MS);
  world.servers[0]!.crash();
  await world.during(world.servers[0]!.start());
  assert.deepEqual(await scene.claim(), { 'curve25519:one': 'the first key' });
});
