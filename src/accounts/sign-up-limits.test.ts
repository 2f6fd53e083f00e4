import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratesWith, TestClock } from '../../test/support/accounts.ts';
import { testBudget } from '../../test/support/budget.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { networkKey } from './address-key.ts';
import { SignUpLimits } from './sign-up-limits.ts';

const rates = ratesWith({
  registration: { per_second: 0.01, burst: 2 },
  registration_network: { per_second: 0.01, burst: 3 },
  registration_total: { per_second: 0.1, burst: 5 },
});

function passes(limits: SignUpLimits, ip: string): boolean {
  try {
    limits.count(ip);
    return true;
  } catch (error) {
    assert.ok(error instanceof MatrixError && error.errcode === 'M_LIMIT_EXCEEDED');
    assert.ok(Number(error.fields.retry_after_ms) > 0);
    return false;
  }
}

test('N137 accounts are counted by address, by network and in all', () => {
  const limits = new SignUpLimits(new TestClock(), rates, 'open', testBudget());
  const outcomes = (...addresses: string[]) => addresses.map(ip => passes(limits, ip));
  assert.deepEqual(outcomes('192.0.2.1', '192.0.2.1', '192.0.2.1'), [true, true, false]);
  assert.deepEqual(outcomes('192.0.2.2', '192.0.2.3'), [true, false]);
  assert.deepEqual(outcomes('2001:db8:1:1::1', '2001:db8:1:2::1', '2001:db8:1:3::1'), [true, true, false]);
  assert.deepEqual(outcomes('203.0.113.1'), [false]);
});

test('an account that is refused by one limit is not counted by the others', () => {
  const clock = new TestClock();
  const limits = new SignUpLimits(clock, rates, 'open', testBudget());
  for (let i = 0; i < 5; i++) assert.equal(passes(limits, `10.0.${i}.1`), true);
  for (let i = 0; i < 20; i++) assert.equal(passes(limits, '192.0.2.1'), false);
  clock.advance(10_000);
  assert.equal(passes(limits, '192.0.2.1'), true);
});

test('where a token is needed, one room full of people is no attack', () => {
  const limits = new SignUpLimits(new TestClock(), rates, 'token', testBudget());
  const outcomes = Array.from({ length: 6 }, () => passes(limits, '192.0.2.1'));
  assert.deepEqual(outcomes, [true, true, true, true, true, false]);
});

test('memory stays bounded under a flood of addresses, and the sum is still known', () => {
  const flood = ratesWith({ registration_total: { per_second: 0.001, burst: 40_000 } });
  const limits = new SignUpLimits(new TestClock(), flood, 'open', testBudget(2 * 1024 * 1024));
  for (let i = 0; i < 40_000; i++) assert.equal(passes(limits, `10.${i >> 8}.${i & 255}.1`), true);
  assert.ok(limits.stats.bytes <= 2 * 1024 * 1024);
  assert.equal(passes(limits, '192.0.2.1'), false);
});

test('a network has one key however the address is written', () => {
  for (const address of ['2001:db8:1:2::1', '2001:0DB8:0001:ffff::', '2001:db8:1::%eth0']) {
    assert.equal(networkKey(address), '2001:db8:1::/48');
  }
  assert.equal(networkKey('192.0.2.200'), '192.0.2.0/24');
  assert.equal(networkKey('unknown'), 'unknown');
});
