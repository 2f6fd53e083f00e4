import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { addServers, OutboundWorld, silence } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom, say } from '../../../test/support/rooms.ts';
import { sql } from '../../db/sql.ts';

const DEAD = 1000;

onEachDatabase(
  'the dead are asked once and rest; what is said then costs a request for each of the living',
  async db => {
    await using world = new OutboundWorld(db);
    const room = await newRoom(world.rooms);
    await joinFrom(world.rooms, room, DORA);
    await addServers(world, room, DEAD);
    world.peers.answer = ({ server }) => (server === TWO ? { pdus: {} } : Promise.reject(silence(server)));
    world.start();
    await say(world.rooms, room, ALICE, 'first');
    await world.settle();
    assert.equal(world.peers.sent.length, DEAD + 1);
    world.peers.sent.length = 0;
    for (let at = 0; at < 20; at++) {
      await say(world.rooms, room, ALICE, `${at}`);
      await world.settle();
    }
    assert.equal(world.peers.sent.length, world.peers.to(TWO).length);
    assert.equal(world.peers.bodies(TWO).length, 20);
    assert.equal((await db.all(sql`select 1 from outbound_room`)).length, DEAD, 'a row each, however much waits');
  },
);

onEachDatabase('those that are dead without saying so keep no living server waiting', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await addServers(world, room, 200);
  await joinFrom(world.rooms, room, DORA);
  world.peers.answer = ({ server }) => (server === TWO ? { pdus: {} } : new Promise(() => {}));
  world.start();
  await say(world.rooms, room, ALICE, 'first');
  await world.outbound.follower.catchUp();
  let turns = 0;
  await world.until(() => {
    // The first ones have 20 s to answer.
    if (++turns % 50 === 0 && turns < 50 * 40) world.clock.advance(1000);
    return world.peers.to(TWO).length > 0;
  });
  const { active } = world.outbound.sender.load;
  assert.ok(active <= 150, `${active} at once`);
  await say(world.rooms, room, ALICE, 'second');
  await world.outbound.follower.catchUp();
  // No time passes: the living one goes first from then on.
  await world.until(() => world.peers.bodies(TWO).length === 2);
});

onEachDatabase(
  'a message to very many servers leaves room in each turn of the event loop, and more for what comes in',
  async db => {
    await using world = new OutboundWorld(db);
    const room = await newRoom(world.rooms);
    await addServers(world, room, 200);
    world.isTakingIn = true;
    world.start();
    await say(world.rooms, room, ALICE, 'to all');
    const reached = () => new Set(world.peers.sent.map(({ server }) => server)).size;
    /** The most transactions that began in one turn until so many servers were reached, and how many turns that took. */
    const turnsUntil = async (servers: number) => {
      let [most, turn] = [0, 0];
      for (; reached() < servers; turn++) {
        const before = world.peers.sent.length;
        await new Promise(resolve => setImmediate(resolve));
        most = Math.max(most, world.peers.sent.length - before);
        assert.ok(turn < 100_000, `${reached()} of ${servers}`);
      }
      return [most, turn] as const;
    };
    const [beside, turns] = await turnsUntil(60);
    assert.ok(beside <= 2, `${beside} in one turn`);
    assert.ok(turns > 60 * 4, `${turns} turns for 60: most are for what comes in`);
    world.isTakingIn = false;
    const [alone] = await turnsUntil(200);
    assert.ok(alone <= 5, `${alone} in one turn`);
  },
);
