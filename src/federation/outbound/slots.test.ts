import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom, say } from '../../../test/support/rooms.ts';
import { silentLog } from '../../base/log.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { Visit } from './courier.ts';
import { recordFailure } from './destination.table.ts';
import { LogFollower } from './log-follower.ts';
import { Sender } from './sender.ts';
import { slotOf } from './slots.ts';

const THREE = 'three.example' as ServerName;
const TIM = '@tim:three.example' as UserId;

/** A sender that notes whom it visits; each visit lasts until it is told to end. */
function visiting({ rooms, clock }: OutboundWorld) {
  const visits: { readonly nid: number; readonly end: () => void; readonly signal: AbortSignal }[] = [];
  const visit = (nid: number, _isKnown: boolean, signal: AbortSignal) =>
    new Promise<Visit>(resolve => {
      visits.push({ nid, signal, end: () => resolve({ end: 'done', hasDelivered: true }) });
    });
  const sender = new Sender({ db: rooms.db, bus: rooms.bus, clock, log: silentLog, courier: { visit } });
  return { visits, sender };
}

onEachDatabase('a process serves the servers of its slots, and has left one when a slot ends', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  for (const user of [DORA, TIM]) await joinFrom(world.rooms, room, user);
  const [two, three] = [await world.numberOf(TWO), await world.numberOf(THREE)];
  assert.notEqual(slotOf(two), slotOf(three));
  await say(world.rooms, room, ALICE, 'hello');
  await new LogFollower({ ...world.rooms, clock: world.clock, log: silentLog, store: world.rooms }).catchUp();
  const { sender, visits } = visiting(world);
  const stop = new AbortController();
  const turn = new AbortController();
  const running = sender.run(stop.signal);
  const served = sender.serve(slotOf(two), turn.signal);
  await world.until(() => visits.length > 0);
  assert.deepEqual([sender.serves(two), sender.serves(three)], [true, false]);
  sender.wake([two, three]);

  turn.abort();
  assert.equal(visits[0]?.signal.aborted, true);
  let isLeft = false;
  const leaving = served.then(() => {
    isLeft = true;
  });
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(isLeft, false, 'another process begins only when nobody is served here any more');
  visits[0]?.end();
  await leaving;
  assert.deepEqual(
    visits.map(({ nid }) => nid),
    [two],
  );

  const next = new AbortController();
  const again = sender.serve(slotOf(three), next.signal);
  await world.until(() => visits.length > 1);
  visits[1]?.end();
  next.abort();
  stop.abort();
  await Promise.all([again, running]);
  assert.deepEqual(
    visits.map(({ nid }) => nid),
    [two, three],
  );
});

onEachDatabase('servers that fail are taken up by whoever has their slot', async db => {
  await using world = new OutboundWorld(db);
  const [two, three] = [await world.numberOf(TWO), await world.numberOf(THREE)];
  const now = world.clock.now();
  for (const nid of [two, three])
    await db.tx(tx => recordFailure(tx, nid, { now, retryAt: now - 1, reason: 'connect' }));
  const { sender, visits } = visiting(world);
  const stop = new AbortController();
  const loops = [sender.serve(slotOf(three), stop.signal), sender.run(stop.signal)];
  await world.until(() => visits.length > 0);
  assert.deepEqual([sender.isFailing(two), sender.isFailing(three)], [false, true]);
  stop.abort();
  for (const { end } of visits) end();
  await Promise.all(loops);
  assert.deepEqual(
    visits.map(({ nid }) => nid),
    [three],
  );
});
