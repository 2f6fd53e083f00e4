import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.ts';
import { BudgetFullError } from './budget-account.ts';
import { ByteCache } from './byte-cache.ts';

const never = new AbortController().signal;

/** A cache whose entries cost 1000 bytes each, its own part of it included. */
function cacheOf(budget: Budget, name: string, weight: number) {
  const cache = new ByteCache<number>({ name, budget, weight, sizeOf: (_, key) => 880 - key.length });
  return {
    cache,
    fill(count: number) {
      for (let n = 0; n < count; n++) cache.set(`${n}`, n);
    },
  };
}

test('one cache alone takes half of the budget and keeps what was used last', () => {
  const budget = new Budget(20_000);
  const { cache, fill } = cacheOf(budget, 'a', 1);
  fill(100);
  assert.equal(cache.bytes, 10_000);
  assert.equal(cache.get('99'), 99);
  assert.equal(cache.get('89'), undefined);
  assert.deepEqual(budget.caches, { name: 'caches', bytes: 10_000, limit: 10_000 });
});

test('caches that all want more come to their shares, and one below its share loses nothing', () => {
  const budget = new Budget(80_000);
  const [a, b, small] = [cacheOf(budget, 'a', 3), cacheOf(budget, 'b', 1), cacheOf(budget, 'small', 4)];
  small.fill(2);
  a.fill(100);
  assert.equal(a.cache.bytes, 38_000);
  b.fill(100);
  a.fill(100);
  b.fill(100);
  assert.equal(small.cache.bytes, 2000);
  // 38 to divide by 3 : 1.
  assert.ok(Math.abs(a.cache.bytes - 28_500) <= 1000, `a has ${a.cache.bytes}`);
  assert.ok(Math.abs(b.cache.bytes - 9500) <= 1000, `b has ${b.cache.bytes}`);
});

test('an entry that does not fit is not kept', () => {
  const budget = new Budget(1000);
  const cache = new ByteCache<string>({ name: 'a', budget, weight: 1, sizeOf: value => value.length });
  cache.set('large', 'x'.repeat(600));
  assert.equal(cache.get('large'), undefined);
  assert.equal(budget.caches.bytes, 0);
});

test('what is deleted, replaced or cleared is given back', () => {
  const budget = new Budget(20_000);
  const { cache, fill } = cacheOf(budget, 'a', 1);
  fill(3);
  cache.set('0', 7);
  assert.equal(budget.caches.bytes, 3000);
  cache.delete('0');
  cache.delete('0');
  assert.equal(budget.caches.bytes, 2000);
  cache.clear();
  assert.equal(budget.caches.bytes, 0);
});

test('scaled down, caches give up what is too much, at once', () => {
  const budget = new Budget(20_000);
  const { cache, fill } = cacheOf(budget, 'a', 1);
  fill(100);
  budget.scaleCaches(1 / 2);
  assert.equal(cache.bytes, 5000);
  fill(100);
  assert.equal(cache.bytes, 5000);
  budget.scaleCaches(1);
  fill(100);
  assert.equal(cache.bytes, 10_000);
});

test('accounts push caches back to an eighth and then say no', () => {
  const budget = new Budget(16_000);
  const { cache, fill } = cacheOf(budget, 'a', 1);
  const [bodies, answers] = [budget.account('bodies', 0.75), budget.account('answers', 0.75)];
  fill(100);
  bodies.take(8000);
  assert.equal(cache.bytes, 8000, 'there is room for both');
  bodies.take(4000);
  assert.equal(cache.bytes, 4000);
  assert.throws(() => bodies.take(1), BudgetFullError);
  answers.take(2000);
  assert.throws(() => answers.take(1), BudgetFullError, 'its own limit is not reached, but that of all');
  assert.equal(cache.bytes, 2000);
  assert.equal(bodies.refused + answers.refused, 2);
  bodies.give(12_000);
  answers.take(10_000);
  assert.equal(answers.bytes, 12_000);
});

test('what is held is given back once', () => {
  const account = new Budget(16_000).account('a', 0.5);
  {
    using held = account.hold(1000);
    held.add(500);
    assert.throws(() => held.add(7000), BudgetFullError);
    held.add(-200);
    assert.equal(held.bytes, 1300);
    assert.equal(account.bytes, 1300);
    held[Symbol.dispose]();
    assert.equal(account.bytes, 0);
  }
  assert.equal(account.bytes, 0);
});

test('those who wait come in one after the other, in order', async () => {
  const account = new Budget(16_000).account('a', 0.5);
  const first = await account.reserve(6000, never);
  const order: string[] = [];
  const large = account.reserve(5000, never).then(held => {
    order.push('large');
    return held;
  });
  const small = account.reserve(1000, never).then(held => {
    order.push('small');
    return held;
  });
  await Promise.resolve();
  assert.equal(account.waiting, 2, 'the small one would fit, but does not push in');
  first[Symbol.dispose]();
  (await large)[Symbol.dispose]();
  (await small)[Symbol.dispose]();
  assert.deepEqual(order, ['large', 'small']);
  assert.equal(account.bytes, 0);
});

test('what is larger than the account waits for all of it', async () => {
  const account = new Budget(16_000).account('a', 0.5);
  using held = await account.reserve(1_000_000, never);
  assert.equal(held.bytes, 8000);
});

test('whoever gives up waiting is refused, holds nothing and blocks nobody', async () => {
  const account = new Budget(16_000).account('a', 0.5);
  const first = account.hold(6000);
  const patience = new AbortController();
  const refused = assert.rejects(account.reserve(8000, patience.signal), BudgetFullError);
  const next = account.reserve(2000, never);
  patience.abort();
  await refused;
  assert.equal((await next).bytes, 2000);
  assert.equal(account.bytes, 8000);
  await assert.rejects(account.reserve(8000, patience.signal), BudgetFullError);
  first[Symbol.dispose]();
});

test('who waits for one account is let in by what another gives back', async () => {
  const budget = new Budget(16_000);
  const [a, b] = [budget.account('a', 0.75), budget.account('b', 0.75)];
  a.take(12_000);
  const waiting = b.reserve(4000, never);
  a.give(12_000);
  assert.equal((await waiting).bytes, 4000);
});

test('everything charged is shown with its limit', () => {
  const budget = new Budget(16_000);
  cacheOf(budget, 'a', 3).fill(1);
  cacheOf(budget, 'b', 1);
  budget.account('bodies', 0.5).take(10);
  assert.deepEqual(budget.usage(), [
    { name: 'a', bytes: 1000, limit: 6000 },
    { name: 'b', bytes: 0, limit: 2000 },
    { name: 'bodies', bytes: 10, limit: 8000 },
  ]);
});
