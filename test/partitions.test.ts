import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../src/db/migrate.ts';
import { SqliteDatabase } from '../src/db/sqlite.ts';
import { World } from './world/world.ts';
import type { WorldUser } from './world/world-user.ts';

/** What two sides of a partition did at the same time, and what comes of it. Directed; the worlds of seeds are in test/world. */

const [A, B] = ['a.example', 'b.example'];
const MINUTE_MS = 60_000;
const VERSIONS = ['10', '12'];
const folder = mkdtempSync(join(tmpdir(), 'copse-partitions-'));
const template = join(folder, 'template.db');

before(async () => {
  await using db = new SqliteDatabase({ file: template, synchronous: 'off' });
  await migrate(db);
});
after(() => rmSync(folder, { recursive: true }));

/** Two servers: `alice` is the room's creator, `bob` is on the other one, and `guest` beside him. */
class TwoSides implements AsyncDisposable {
  readonly world: World;
  roomId = '';

  constructor(seed: number) {
    this.world = new World(seed, [A, B], template);
  }

  async open(version: string, levels: (side: TwoSides) => Record<string, number>): Promise<this> {
    const { world } = this;
    await world.start();
    const options = { preset: 'public_chat', room_version: version };
    const override = { power_level_content_override: { users: levels(this) } };
    this.roomId = await world.during(this.alice.createRoom({ ...options, ...override }));
    for (const user of [this.bob, this.guest]) await this.must(user.join(this.roomId, A));
    await world.pass(MINUTE_MS);
    return this;
  }

  get alice(): WorldUser {
    return this.world.users[0]!;
  }

  get bob(): WorldUser {
    return this.world.users[1]!;
  }

  get guest(): WorldUser {
    return this.world.guests[1]!;
  }

  async must(work: ReturnType<WorldUser['call']>): Promise<void> {
    const { status, body } = await this.world.during(work);
    assert.equal(status, 200, JSON.stringify(body));
  }

  part(): void {
    this.world.network.partition([[A], [B]]);
  }

  /** What was done on `first` arrives on the other side before that side tells what it did. */
  async heal(first: string): Promise<void> {
    const { network } = this.world;
    network.heal();
    network.cut(first === A ? B : A, first);
    await this.world.pass(5 * MINUTE_MS);
    network.heal();
    // A word from everybody: each side has seen the other one then.
    for (const user of [this.alice, this.bob]) await this.must(user.message(this.roomId, 'together again'));
    await this.world.pass(20 * MINUTE_MS);
  }

  /** The content of a piece of state, which both sides must agree on. */
  async agreed(type: string, key: string): Promise<Readonly<Record<string, unknown>>> {
    const path = `/v3/rooms/${encodeURIComponent(this.roomId)}/state/${type}/${encodeURIComponent(key)}`;
    const sides = [];
    for (const user of [this.alice, this.bob]) sides.push((await this.world.during(user.call('GET', path))).body);
    assert.deepEqual(sides[0], sides[1], `${type} ${key}`);
    return sides[0] ?? {};
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.world[Symbol.asyncDispose]());
  }
}

/** From version 12 on creators may not be named: they have all power anyway. */
const withCreator = (version: string, side: TwoSides) => (version === '12' ? {} : { [side.alice.id]: 100 });

for (const version of VERSIONS) {
  for (const first of [A, B]) {
    test(`N022 of a ban and a join at the same time the ban holds (version ${version}, ${first} is heard first)`, async () => {
      await using side = await new TwoSides(22).open(version, each => withCreator(version, each));
      const { alice, guest, roomId } = side;
      await side.must(guest.membership(roomId, 'leave'));
      await side.world.pass(MINUTE_MS);
      side.part();
      await side.must(alice.membership(roomId, 'ban', guest.id));
      await side.must(guest.join(roomId, B));
      await side.must(guest.message(roomId, 'I am back'));
      await side.heal(first);
      assert.equal((await side.agreed('m.room.member', guest.id)).membership, 'ban');
    });

    test(`N034 who is demoted on one side has done nothing on the other (version ${version}, ${first} is heard first)`, async () => {
      const levels = (each: TwoSides) => ({ ...withCreator(version, each), [each.bob.id]: 50 });
      await using side = await new TwoSides(34).open(version, levels);
      const { alice, bob, guest, roomId } = side;
      const before = await side.agreed('m.room.power_levels', '');
      side.part();
      const users = { ...(before.users as Record<string, number>), [bob.id]: 0 };
      await side.must(alice.state(roomId, 'm.room.power_levels', '', { ...before, users } as never));
      await side.must(bob.state(roomId, 'm.room.topic', '', { topic: 'mine' }));
      await side.must(bob.membership(roomId, 'ban', guest.id));
      await side.heal(first);
      const after = await side.agreed('m.room.power_levels', '');
      assert.equal((after.users as Record<string, number>)[bob.id], 0);
      assert.equal((await side.agreed('m.room.member', guest.id)).membership, 'join');
      assert.notEqual((await side.agreed('m.room.topic', '')).topic, 'mine');
      const again = await side.world.during(bob.state(roomId, 'm.room.topic', '', { topic: 'still mine' }));
      assert.equal(again.status, 403);
    });
  }
}
