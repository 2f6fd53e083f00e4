import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aborted } from '../base/clock.ts';
import { SoleLeases } from './leases.ts';

test('the only process has work begin anew that stands still, and no other', async () => {
  const leases = new SoleLeases();
  const stop = new AbortController();
  const begun = { push: 0, search: 0 };
  const work = (name: keyof typeof begun) => (signal: AbortSignal) => {
    begun[name]++;
    return aborted(signal);
  };
  const held = [leases.hold('push', work('push'), stop.signal), leases.hold('search', work('search'), stop.signal)];
  leases.renew('push');
  leases.renew('nothing of the kind');
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(begun, { push: 2, search: 1 });
  stop.abort();
  await Promise.all(held);
  assert.deepEqual(begun, { push: 2, search: 1 });
});
