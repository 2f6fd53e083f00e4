import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionShare } from './connection-share.ts';

test('a process takes more connections late and gives them up at once', () => {
  const share = new ConnectionShare(40);
  assert.equal(share.among(1, 0), 2, 'others may be there of whom it does not know yet');
  assert.equal(share.among(1, 14_999), 2);
  assert.equal(share.among(1, 15_000), 40);
  assert.equal(share.among(4, 15_001), 10);
  assert.equal(share.among(3, 20_000), 10);
  assert.equal(share.among(4, 30_000), 10);
  assert.equal(share.among(3, 31_000), 10, 'the wait begins anew');
  assert.equal(share.among(3, 46_000), 13);
  assert.equal(share.among(100, 47_000), 2);
});

test('whoever comes and goes, the sum is never more than what is shared', () => {
  const total = 24;
  const shares = new Map<number, { share: ConnectionShare; held: { count: number; until: number }[] }>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let now = 0; now < 600_000; now += 2000) {
    const id = random(8);
    if (random(4) === 0 && !shares.delete(id)) shares.set(id, { share: new ConnectionShare(total), held: [] });
    let sum = 0;
    for (const one of shares.values()) {
      const count = one.share.among(shares.size, now);
      // A pool closes what is too much ten seconds later.
      one.held = [...one.held.filter(({ until }) => until > now), { count, until: now + 10_000 }];
      sum += Math.max(...one.held.map(({ count }) => count));
    }
    assert.ok(sum <= total, `${sum} at ${now}`);
  }
});
