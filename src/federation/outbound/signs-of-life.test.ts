import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { heard, twoBuses } from '../../../test/support/joined-buses.ts';
import { SignsOfLife } from './signs-of-life.ts';

test('a sign of life reaches the other processes, not with each request', async () => {
  const clock = new TestClock();
  const [here, there] = twoBuses().map(bus => new SignsOfLife({ bus, clock }));
  assert.ok(here !== undefined && there !== undefined);
  const told: number[] = [];
  const listening = there.listen(nid => told.push(nid));
  for (let request = 0; request < 50; request++) here.tell(7);
  here.tell(8);
  await heard();
  assert.deepEqual(told, [7, 8]);
  clock.advance(30_000);
  here.tell(7);
  await heard();
  assert.deepEqual(told, [7, 8, 7]);
  listening[Symbol.dispose]();
  here.tell(9);
  await heard();
  assert.deepEqual(told, [7, 8, 7]);
});
