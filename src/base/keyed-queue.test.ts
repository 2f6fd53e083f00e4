import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedQueue, QueueFullError } from './keyed-queue.ts';

/** A task that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { task: () => promise, end: resolve };
}

test('N107 the tasks of one key come in the order in which they were asked for, and hold up no other key', async () => {
  const queue = new KeyedQueue();
  const first = held();
  const done: number[] = [];
  const busy = [queue.run('a', first.task), ...[1, 2, 3].map(n => queue.run('a', async () => done.push(n)))];
  assert.equal(await queue.run('b', async () => 'calm'), 'calm');
  assert.deepEqual(done, []);
  first.end();
  await Promise.all(busy);
  assert.deepEqual(done, [1, 2, 3]);
  assert.equal(queue.busy, 0);
});

test('N107 who comes when too many wait is sent away at once, and those who wait are served', async () => {
  const queue = new KeyedQueue(3);
  const first = held();
  const waiting = [queue.run('a', first.task), queue.run('a', async () => 1), queue.run('a', async () => 2)];
  await assert.rejects(
    queue.run('a', async () => 3),
    (error: Error) => error instanceof QueueFullError && error.key === 'a',
  );
  first.end();
  assert.deepEqual(await Promise.all(waiting), [undefined, 1, 2]);
  assert.equal(await queue.run('a', async () => 4), 4);
});

test('a task that fails fails alone', async () => {
  const queue = new KeyedQueue();
  const failing = queue.run('a', () => Promise.reject(new RangeError('no')));
  const after = queue.run('a', async () => 'good');
  await assert.rejects(failing, RangeError);
  assert.equal(await after, 'good');
  await queue.drain();
});
