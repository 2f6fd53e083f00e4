import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, newRoom, roomsOn, say } from '../../test/support/rooms.ts';
import type { Clock } from '../base/clock.ts';
import { LocalBus } from '../bus/bus.ts';
import { LogHeads } from './log-heads.ts';

/** A bus that tells nobody anything until it is asked to: hints may be late, lost, or come out of order. */
class HeldBus extends LocalBus {
  readonly held: [string, string][] = [];

  constructor() {
    super(error => assert.fail(String(error)));
  }

  override publish(subject: string, message = ''): void {
    this.held.push([subject, message]);
  }

  async tell(messages: readonly [string, string][]): Promise<void> {
    for (const [subject, message] of messages) super.publish(subject, message);
    await new Promise(resolve => setImmediate(resolve));
  }
}

class HandClock implements Clock {
  time = 0;
  now = () => this.time;
  monotonic = () => this.time;
  after = () => ({ cancel() {} });
}

onEachDatabase('what the bus tells is known without the database, and complete', async db => {
  const bus = new HeldBus();
  const rooms = { ...roomsOn(db), bus };
  const [one, two] = [await newRoom(rooms), await newRoom(rooms)];
  using heads = new LogHeads({ db, bus, clock: new HandClock() });
  await heads.refresh();
  const before = heads.positions;
  bus.held.length = 0;
  await say(rooms, one, ALICE, 'hello');
  await heads.refresh();
  assert.deepEqual(heads.positions, before, 'nothing was told, and it is too early to look');
  await bus.tell(bus.held);
  assert.equal(heads.positions[one.shard], (before[one.shard] ?? 0) + 1);
  const between = heads.roomsBetween(before, heads.positions);
  assert.deepEqual(between && [...between], [one.nid]);
  assert.equal(between?.has(two.nid), false);
});

onEachDatabase('a lost hint is made up for: by time, by the next one, by a client that knows more', async db => {
  const bus = new HeldBus();
  const rooms = { ...roomsOn(db), bus };
  const room = await newRoom(rooms);
  const clock = new HandClock();
  using byTime = new LogHeads({ db, bus, clock });
  using byHint = new LogHeads({ db, bus, clock });
  using byClient = new LogHeads({ db, bus: new HeldBus(), clock });
  for (const heads of [byTime, byHint, byClient]) await heads.refresh();
  const before = byTime.positions;
  bus.held.length = 0;
  await say(rooms, room, ALICE, 'lost');
  await say(rooms, room, ALICE, 'told');
  const after = before.with(room.shard, (before[room.shard] ?? 0) + 2);
  await byClient.refresh(after);
  assert.deepEqual(byClient.positions, after);
  await bus.tell(bus.held.slice(1));
  assert.deepEqual(byHint.positions, after);
  assert.equal(byHint.roomsBetween(before, after), undefined, 'a gap is no knowledge');
  assert.equal(byHint.roomsBetween(after, after)?.size, 0);
  clock.time += 1000;
  await byTime.refresh();
  assert.deepEqual(byTime.positions, after);
});

onEachDatabase('only the newest entries are kept, and what is older is asked of the database', async db => {
  const bus = new HeldBus();
  using heads = new LogHeads({ db, bus, clock: new HandClock() });
  await heads.refresh();
  const start = heads.positions;
  const told = (pos: number): [string, string] => [
    'room-log',
    JSON.stringify({ shard: 3, pos, room_nid: pos, kind: 0, ref: 1 }),
  ];
  const first = (start[3] ?? 0) + 1;
  await bus.tell(Array.from({ length: 1200 }, (_, at) => told(first + at)));
  assert.equal(heads.roomsBetween(start, heads.positions), undefined);
  const recent = start.with(3, first + 1100);
  assert.equal(heads.roomsBetween(recent, heads.positions)?.size, 99);
});
