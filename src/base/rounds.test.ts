import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { Rounds } from './rounds.ts';

const soon = () => new Promise(resolve => setImmediate(resolve));

/** Rounds that end when they are told to. */
function heldRounds(clock: TestClock, wait?: number) {
  const ends: (() => void)[] = [];
  const rounds = new Rounds(clock, () => new Promise(resolve => ends.push(() => resolve(wait))));
  return { rounds, ends };
}

test('rounds come one at a time, and whoever wakes during one gets another', async () => {
  const { rounds, ends } = heldRounds(new TestClock());
  rounds.wake();
  rounds.wake();
  rounds.wake();
  assert.equal(ends.length, 1);
  ends[0]?.();
  await soon();
  assert.equal(ends.length, 2, 'one more for all who woke meanwhile');
  ends[1]?.();
  await soon();
  assert.equal(ends.length, 2);
  rounds.wake();
  assert.equal(ends.length, 3, 'and it is not stuck');
});

test('the next round comes when the last one said, or before if it is woken', async () => {
  const clock = new TestClock();
  const { rounds, ends } = heldRounds(clock, 5000);
  rounds.wake();
  ends[0]?.();
  await soon();
  clock.advance(4999);
  assert.equal(ends.length, 1);
  clock.advance(1);
  assert.equal(ends.length, 2);
  ends[1]?.();
  await soon();
  rounds.wake();
  ends[2]?.();
  await soon();
  clock.advance(5000);
  assert.equal(ends.length, 4, 'the time that was set before is not kept beside the new one');
});

test('when it is disposed of the round that goes on is waited for, and none follows', async () => {
  const clock = new TestClock();
  const { rounds, ends } = heldRounds(clock, 10);
  rounds.wake();
  let isDone = false;
  const done = rounds[Symbol.asyncDispose]().then(() => {
    isDone = true;
  });
  await soon();
  assert.equal(isDone, false);
  assert.equal(rounds.isClosed, true);
  ends[0]?.();
  await done;
  clock.advance(1000);
  rounds.wake();
  assert.equal(ends.length, 1);
});

test('what is heard begins a round and is not passed on, also while nobody can say whose turn it is', async () => {
  let rounds = 0;
  let passed = 0;
  const turn = {
    isOurs: () => false,
    passOn: () => {
      passed++;
      assert.ok(passed < 10, 'it goes round for ever');
      // As the bus does: whoever publishes hears it too.
      queueMicrotask(() => loop.heard());
    },
  };
  const loop = new Rounds(new TestClock(), async () => void rounds++, turn);
  loop.wake();
  await soon();
  assert.deepEqual([passed, rounds], [1, 1]);
  await loop[Symbol.asyncDispose]();
});
