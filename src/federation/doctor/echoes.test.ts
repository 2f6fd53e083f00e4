import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { systemRandom } from '../../base/random.ts';
import { Echoes } from './echoes.ts';

const request = { target: '/x', host: 'us.example' };

test('only an examination that runs is told how its request arrived', () => {
  const clock = new SteppingClock();
  const echoes = new Echoes({ clock, random: systemRandom });
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
