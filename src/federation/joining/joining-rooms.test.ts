import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { heard, twoBuses } from '../../../test/support/joined-buses.ts';
import type { Room } from '../../rooms/room.ts';
import { JoiningRooms } from './joining-rooms.ts';

const ROOM = { nid: 7 } as Room;

function twoProcesses() {
  const clock = new TestClock();
  const buses = twoBuses();
  const [here, there] = buses.map(bus => new JoiningRooms({ bus, clock }));
  assert.ok(here !== undefined && there !== undefined);
  return { clock, buses, here, there };
}

test('a room that one process is coming into is known to the others as long as that lasts', async () => {
  const { clock, buses, here, there } = twoProcesses();
  const join = here.begin(ROOM);
  await heard();
  for (const joining of [here, there]) assert.equal(joining.has(ROOM), true);
  assert.equal(there.has({ nid: 8 }), false);
  for (let passed = 0; passed < 120_000; passed += 10_000) {
    clock.advance(10_000);
    await heard();
  }
  assert.equal(there.has(ROOM), true);
  const fresh = new JoiningRooms({ bus: buses[0].another(), clock });
  await heard();
  await heard();
  assert.equal(fresh.has(ROOM), true);
  join[Symbol.dispose]();
  await heard();
  for (const joining of [here, there, fresh]) assert.equal(joining.has(ROOM), false);
  clock.advance(10_000);
  await heard();
  assert.equal(there.has(ROOM), false);
});

test('of a process that has died over a join it is believed for half a minute only', async () => {
  const { clock, buses, here, there } = twoProcesses();
  here.begin(ROOM);
  await heard();
  buses[0].isCut = true;
  clock.advance(34_999);
  assert.equal(there.has(ROOM), true);
  clock.advance(1);
  assert.equal(there.has(ROOM), false);
});

test('when hints were lost it is in doubt for a while whether somebody joins', () => {
  const { clock, buses, there } = twoProcesses();
  assert.equal(there.isInDoubt, false);
  buses[1].tellMissed();
  assert.equal(there.isInDoubt, true);
  clock.advance(35_000);
  assert.equal(there.isInDoubt, false);
});
