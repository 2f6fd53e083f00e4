import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { heard, JoinedBus, twoBuses } from '../../../test/support/joined-buses.ts';
import { systemRandom } from '../../base/random.ts';
import { Echoes } from './echoes.ts';

const request = { target: '/x', host: 'us.example' };

test('only an examination that runs is told how its request arrived', () => {
  const clock = new SteppingClock();
  const echoes = new Echoes({ clock, bus: new JoinedBus([]), random: systemRandom });
  assert.equal(echoes.answer('anything', request), undefined);
  const first = echoes.issue();
  assert.equal(echoes.answer(undefined, request), undefined);
  assert.equal(echoes.answer(`${first}x`, request), undefined);
  assert.equal(echoes.answer('x'.repeat(first.length), request), undefined);
  assert.deepEqual(echoes.answer(first, request), { instance: echoes.instance, ...request });
  const second = echoes.issue();
  assert.equal(echoes.answer(first, request), undefined);
  clock.advance(121_000);
  assert.equal(echoes.answer(second, request), undefined);
});

test('processes of one cluster answer for each other, as the one that asks', async () => {
  const clock = new SteppingClock();
  const [here, there] = twoBuses().map(bus => new Echoes({ clock, bus, random: systemRandom }));
  assert.ok(here !== undefined && there !== undefined);
  const token = here.issue();
  const own = there.issue();
  await heard();
  assert.deepEqual(there.answer(token, request), { instance: here.instance, ...request });
  assert.deepEqual(here.answer(own, request), { instance: there.instance, ...request });
  here.issue();
  await heard();
  assert.equal(there.answer(token, request), undefined);
  clock.advance(121_000);
  assert.equal(there.answer(own, request), undefined);
});
