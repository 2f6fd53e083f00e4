import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { followFront } from './follow.ts';
import { FrontError } from './front-error.ts';

test('what is wanted is put in place when it is another, trouble is told once, and nobody knowing changes nothing', async () => {
  const steps: (string | undefined | Error)[] = ['a', 'a', undefined, new FrontError('no'), new FrontError('no'), 'b'];
  const clock = new TestClock();
  const ending = new AbortController();
  const said: string[] = [];
  const installed: string[] = [];
  const following = followFront(
    {
      clock,
      say: words => void said.push(words),
      wanted: async () => {
        const step = steps.shift();
        if (steps.length === 0) ending.abort();
        if (step instanceof Error) throw step;
        return step;
      },
      install: async text => {
        const isNew = installed.at(-1) !== text;
        if (isNew) installed.push(text);
        return isNew ? 'reloaded' : 'unchanged';
      },
    },
    ending.signal,
  );
  while (!ending.signal.aborted) {
    await new Promise(resolve => setImmediate(resolve));
    clock.advance(1000);
  }
  await following;
  assert.deepEqual(installed, ['a', 'b']);
  const taken = 'It is written, good, and taken up by a reload.';
  assert.deepEqual(said, [taken, 'no', taken]);
});
