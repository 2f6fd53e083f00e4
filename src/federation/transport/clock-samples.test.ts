import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import type { ServerName } from '../../core/ids.ts';
import { ClockSamples } from './clock-samples.ts';

test('the clock in the middle of many says how far ours is off', () => {
  const clock = new SteppingClock();
  const samples = new ClockSamples({ clock });
  const note = (name: string, ahead: number) =>
    samples.note(name as ServerName, new Date(clock.now() + ahead).toUTCString());
  assert.deepEqual(samples.median(), { servers: 0, aheadMs: 0 });
  samples.note('a.example' as ServerName, undefined);
  samples.note('b.example' as ServerName, 'yesterday');
  assert.equal(samples.median().servers, 0);
  note('a.example', 9_999_000);
  for (const name of ['b.example', 'c.example']) note(name, 3_600_000);
  const { servers, aheadMs } = samples.median();
  assert.equal(servers, 3);
  assert.ok(Math.abs(aheadMs - 3_600_000) <= 1000, String(aheadMs));
  for (let at = 0; at < 200; at++) note(`${at}.example`, 0);
  assert.equal(samples.median().servers, 100);
  assert.ok(Math.abs(samples.median().aheadMs) <= 1000);
});
