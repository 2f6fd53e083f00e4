import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { RemoteDevicesWorld } from '../../test/support/remote-devices.ts';
import { accepted, DORA, EMIL, joinFrom } from '../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom } from '../../test/support/rooms.ts';
import { SyncBench } from '../../test/support/sync.ts';
import type { Requester } from '../accounts/requester.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { leave } from '../rooms/membership.ts';
import type { Room } from '../rooms/room.ts';
import { deviceListsBetween } from './device-list-range.ts';

interface Lists {
  readonly changed?: readonly string[];
  readonly left?: readonly string[];
}

/** Alice's syncs, on a server that knows the devices of others. */
class Bench {
  readonly world: RemoteDevicesWorld;
  readonly sync: SyncBench;
  #since: string | undefined;

  constructor(db: Database) {
    this.world = new RemoteDevicesWorld(db);
    this.sync = new SyncBench(this.world.rooms);
  }

  /** What Alice's next sync says of device lists; `GET /keys/changes` must say the same. */
  async next(): Promise<Lists> {
    const from = this.#since;
    const answer = await this.sync.as(ALICE, from);
    this.#since = answer.next_batch;
    const { changed = [], left = [] } = (answer.device_lists ?? {}) as Lists;
    if (from !== undefined) {
      const { rooms } = this.world;
      const userNid = (await rooms.nids.users.findOne(rooms.db, ALICE)) ?? 0;
      const user = { userId: ALICE, userNid, deviceId: 'DEVICE' } as Requester;
      const { sources, typing } = this.sync;
      const between = await deviceListsBetween({ parts: rooms, sources, typing }, user, from, answer.next_batch);
      assert.deepEqual([between.changed.toSorted(), between.left.toSorted()], [[...changed].sort(), [...left].sort()]);
    }
    return { changed: [...changed].sort(), left: [...left].sort() };
  }
}

const depart = (room: Room, user: UserId, bench: Bench) =>
  accepted(bench.world.rooms, room, {
    type: 'm.room.member',
    sender: user,
    stateKey: user,
    content: { membership: 'leave' },
  });

onEachDatabase(
  'a user of another server who joins is told as changed, and again when their devices change',
  async db => {
    const bench = new Bench(db);
    const room = await newRoom(bench.world.rooms);
    await bench.next();
    await joinFrom(bench.world.rooms, room, DORA);
    assert.deepEqual(await bench.next(), { changed: [DORA], left: [] });
    await bench.world.query(DORA);
    assert.deepEqual(await bench.next(), { changed: [], left: [] });
    await bench.world.receive(bench.world.dora.change('NEW'));
    assert.deepEqual(await bench.next(), { changed: [DORA], left: [] });
    await bench.world.query(DORA);
    bench.world.dora.streamId += 3;
    await bench.world.receive(bench.world.dora.change('NEWER'));
    assert.deepEqual(await bench.next(), { changed: [DORA], left: [] });
  },
);

onEachDatabase('whoever shares no room any more has left, and their changes are told no more', async db => {
  const bench = new Bench(db);
  const [room, other] = [await bench.world.shared(DORA, EMIL), await bench.world.shared(DORA)];
  await bench.next();
  await bench.world.query(DORA);
  await depart(room, DORA, bench);
  assert.deepEqual(await bench.next(), { changed: [], left: [] }, 'there is the other room');
  await depart(other, DORA, bench);
  assert.deepEqual(await bench.next(), { changed: [], left: [DORA] });
  await bench.world.receive(bench.world.dora.change('NEW'));
  assert.deepEqual(await bench.next(), { changed: [], left: [] });
  await joinFrom(bench.world.rooms, other, DORA);
  assert.deepEqual(await bench.next(), { changed: [DORA], left: [] });
  assert.deepEqual(await bench.world.devicesOf(DORA), ['LAPTOP', 'NEW', 'PHONE'], 'not what was kept from before');
});

onEachDatabase('when we leave, those who stay have left our sight, but for those whom we meet elsewhere', async db => {
  const bench = new Bench(db);
  const room = await bench.world.shared(DORA, EMIL);
  await bench.world.shared(EMIL);
  await joinAll(bench.world.rooms, room, [BOB]);
  await bench.next();
  await bench.world.query(DORA);
  await leave(bench.world.rooms, room, { sender: ALICE });
  assert.deepEqual(await bench.next(), { changed: [], left: [BOB, DORA] });
  await bench.world.receive(bench.world.dora.change('NEW'));
  assert.deepEqual(await bench.next(), { changed: [], left: [] }, 'Bob hears of it, Alice does not');
  assert.deepEqual(await bench.world.devicesOf(DORA), ['LAPTOP', 'NEW', 'PHONE']);
});
