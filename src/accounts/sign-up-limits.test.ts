import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratesWith, TestClock } from '../../test/support/accounts.ts';
import { testBudget } from '../../test/support/budget.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { networkKey } from './address-key.ts';
import { ProofOfWork } from './proof-of-work.ts';
import { RateLimits } from './rate-limits.ts';
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

test('all processes count sign-ups together, and guesses of passwords', async () => {
  const clock = new TestClock();
  const buses = twoBuses();
  const sharing = buses.map(bus => ({ bus, random: systemRandom }));
  const [here, there] = sharing.map(one => new SignUpLimits(clock, rates, 'open', testBudget(), one));
  assert.ok(here !== undefined && there !== undefined);
  const most = rates.registration.burst;
  for (let made = 0; made < most; made++) {
    (made % 2 === 0 ? here : there).count('198.51.100.1');
    await heard();
  }
  for (const limits of [here, there]) {
    assert.throws(() => limits.count('198.51.100.1'), { errcode: 'M_LIMIT_EXCEEDED' });
    limits.require('203.0.113.9');
  }
  const [one, other] = sharing.map(each => {
    return new RateLimits(clock, rates, testBudget(), { name: 'rate_limits', weight: 60, sharing: each });
  });
  for (let guess = 0; guess < rates.login.burst; guess++) one?.countKey('login', 'failed bob');
  await heard();
  assert.throws(() => other?.peekKey('login', 'failed bob'), { errcode: 'M_LIMIT_EXCEEDED' });
  for (let asked = 0; asked < rates.other.burst; asked++) one?.countKey('other', 'user 1');
  await heard();
  other?.peekKey('other', 'user 1');
});

test('all processes know that many accounts are being made', async () => {
  const clock = new TestClock();
  const settings = { when: 'under_load', bits: 10 } as const;
  const [here, there] = twoBuses().map(
    bus => new ProofOfWork(clock, silentLog, settings, { bus, random: systemRandom }),
  );
  for (let made = 0; made < 12; made++) here?.noteSignUp();
  await heard();
  assert.equal(here?.demand, 'required');
  assert.equal(there?.demand, 'required');
  assert.equal(there?.bits, here?.bits);
});
