import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { heard, JoinedBus, twoBuses } from '../../test/support/joined-buses.ts';
import { systemRandom } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';
import { Typing } from './typing.ts';

const ALICE = '@alice:one.example' as UserId;
const BOB = '@bob:one.example' as UserId;

function typingOn(bus: Bus, clock = new TestClock()): Typing {
  return new Typing({ clock, bus, random: systemRandom, changed: () => undefined });
}

function twoProcesses() {
  const clock = new TestClock();
  const buses = twoBuses();
  return { clock, buses, here: typingOn(buses[0], clock), there: typingOn(buses[1], clock) };
}

test('N156 nobody types for longer than two minutes, whatever the client says', async () => {
  const { clock, here, there } = twoProcesses();
  here.set(1, ALICE, 1e12);
  await heard();
  clock.advance(119_999);
  for (const typing of [here, there]) assert.deepEqual(typing.since(1, undefined), [ALICE]);
  clock.advance(1);
  await heard();
  for (const typing of [here, there]) assert.equal(typing.since(1, undefined), undefined);
});

test('a token tells what is new', () => {
  const typing = typingOn(new JoinedBus([]));
  const before = typing.token;
  typing.set(1, ALICE, 1000);
  assert.deepEqual(typing.changedSince(before), [1]);
  const then = typing.token;
  assert.deepEqual(typing.changedSince(then), []);
  assert.equal(typing.since(1, then), undefined);
  typing.set(1, ALICE, 2000);
  assert.deepEqual(typing.changedSince(then), [], 'who goes on typing is no news');
  typing.stop(1, ALICE);
  assert.deepEqual(typing.since(1, then), []);
});

test('a token that no process has given out, or one of an older version, tells everything anew', () => {
  const typing = typingOn(new JoinedBus([]));
  typing.set(1, ALICE, 1000);
  for (const token of ['Abcd-5', 'nonsense', 'Abcdef-1-', '-'])
    assert.deepEqual(typing.changedSince(token), [1], token);
});

test('who types at one process types at all of them, until they stop at any', async () => {
  const { here, there } = twoProcesses();
  const told: unknown[] = [];
  there.listen((...change) => told.push(change));
  here.set(1, ALICE, 30_000);
  await heard();
  assert.deepEqual(there.since(1, undefined), [ALICE]);
  there.stop(1, ALICE);
  await heard();
  assert.equal(here.since(1, undefined), undefined);
  assert.deepEqual(told, [
    [1, ALICE, true],
    [1, ALICE, false],
  ]);
});

test('with a token of another process nothing is told that it knew, again and again', async () => {
  const { here, there } = twoProcesses();
  const first = here.token;
  here.set(1, ALICE, 30_000);
  await heard();
  assert.deepEqual(there.changedSince(first), [1], 'what it did not know is');
  assert.deepEqual(there.changedSince(here.token), []);
  assert.deepEqual(here.changedSince(there.token), []);
  there.set(2, BOB, 30_000);
  assert.deepEqual(there.changedSince(here.token), [2]);
  await heard();
  here.stop(1, ALICE);
  await heard();
  assert.deepEqual(there.since(1, first), []);
  assert.equal(there.since(1, here.token), undefined);
});

test('clocks of processes that differ by an hour lose nothing and repeat nothing', async () => {
  const buses = twoBuses();
  const late = new TestClock();
  const early = new TestClock();
  early.advance(3_600_000);
  const [here, there] = [typingOn(buses[0], late), typingOn(buses[1], early)];
  there.set(1, ALICE, 30_000);
  await heard();
  const token = there.token;
  here.set(2, BOB, 30_000);
  await heard();
  assert.deepEqual(here.changedSince(token), [2]);
  assert.deepEqual(there.changedSince(here.token), []);
});

test('a process that begins or has missed something asks who types, and who does not any more', async () => {
  const { clock, buses, here, there } = twoProcesses();
  here.set(1, ALICE, 30_000);
  await heard();
  clock.advance(10_000);
  buses[1].isCut = true;
  here.stop(1, ALICE);
  here.set(2, BOB, 30_000);
  await heard();
  assert.deepEqual([there.since(1, undefined), there.since(2, undefined)], [[ALICE], undefined]);
  buses[1].isCut = false;
  buses[1].tellMissed();
  await heard();
  await heard();
  assert.deepEqual([there.since(1, undefined), there.since(2, undefined)], [undefined, [BOB]]);
  const fresh = typingOn(buses[0].another(), clock);
  await heard();
  await heard();
  assert.deepEqual(fresh.since(2, undefined), [BOB]);
});

test('what was lost of somebody who types is over after its timeout', async () => {
  const { clock, buses, here, there } = twoProcesses();
  here.set(1, ALICE, 30_000);
  await heard();
  buses[1].isCut = true;
  here.stop(1, ALICE);
  await heard();
  assert.deepEqual(there.since(1, undefined), [ALICE]);
  clock.advance(32_000);
  assert.equal(there.since(1, undefined), undefined);
});
