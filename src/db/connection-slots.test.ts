import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { ConnectionSlots } from './connection-slots.ts';

test('people come before the background, which has half of the connections at the most', async () => {
  const slots = new ConnectionSlots(4, new TestClock());
  const order: string[] = [];
  const take = async (name: string, isBackground: boolean) => {
    const slot = await slots.take(isBackground);
    order.push(name);
    return slot;
  };
  const early = [take('b1', true), take('b2', true), take('b3', true), take('b4', true)];
  const [first] = await Promise.all(early.slice(0, 2));
  assert.deepEqual(slots.usage, { used: 2, waiting: 2 }, 'the background got more than half');
  const people = [take('p1', false), take('p2', false), take('p3', false)];
  const [p1] = await Promise.all(people.slice(0, 2));
  assert.deepEqual(slots.usage, { used: 4, waiting: 3 });
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  await people[2];
  assert.deepEqual(slots.usage, { used: 4, waiting: 2 }, 'a connection that is given back twice is one');
  p1?.[Symbol.dispose]();
  await early[2];
  assert.deepEqual(order, ['b1', 'b2', 'p1', 'p2', 'p3', 'b3']);
});

test('with two connections one is always left for people', async () => {
  const slots = new ConnectionSlots(2, new TestClock());
  await slots.take(true);
  void slots.take(true);
  await slots.take(false);
  assert.deepEqual(slots.usage, { used: 2, waiting: 1 });
});

test('whoever waits for too long is told so, and is not given one later', async () => {
  const clock = new TestClock();
  const slots = new ConnectionSlots(1, clock);
  const held = await slots.take(false);
  const late = slots.take(false);
  const after = assert.rejects(late, /none became free/);
  clock.advance(31_000);
  await after;
  held[Symbol.dispose]();
  assert.deepEqual(slots.usage, { used: 0, waiting: 0 });
  await slots.take(false);
});
