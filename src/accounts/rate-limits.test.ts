import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBudget } from '../../test/support/budget.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { systemRandom } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { addressKey } from './address-key.ts';
import { type LimitRates, RateLimits } from './rate-limits.ts';
import type { Requester } from './requester.ts';

const rates = { login: { per_second: 1, burst: 3 }, other: { per_second: 1, burst: 1 } } as LimitRates;
const user: Requester = {
  userId: '@a:x' as UserId,
  userNid: 1,
  deviceId: 'D',
  isAdmin: false,
  isGuest: false,
  isSuspended: false,
  tokenNid: 1,
  appservice: undefined,
};

function clockAt(): { now: () => number; monotonic: () => number; after: () => { cancel(): void }; ms: number } {
  const clock = { ms: 1000, now: () => clock.ms, monotonic: () => clock.ms, after: () => ({ cancel() {} }) };
  return clock;
}

function limited(run: () => void): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MatrixError);
    assert.equal(error.errcode, 'M_LIMIT_EXCEEDED');
    assert.equal(error.status, 429);
    return error.fields.retry_after_ms as number;
  }
}

test('a burst passes, then one for each interval', () => {
  const clock = clockAt();
  const limits = new RateLimits(clock, rates, testBudget());
  const call = () => limited(() => limits.count('login', user, '10.0.0.1'));
  assert.deepEqual([call(), call(), call(), call()], [undefined, undefined, undefined, 1000]);
  clock.ms += 600;
  assert.equal(call(), 400);
  clock.ms += 400;
  assert.deepEqual([call(), call()], [undefined, 1000]);
});

test('users, limits and addresses are counted apart', () => {
  const limits = new RateLimits(clockAt(), rates, testBudget());
  limits.count('other', user, '10.0.0.1');
  limits.count('other', { ...user, userNid: 2 }, '10.0.0.1');
  limits.count('other', undefined, '10.0.0.1');
  limits.count('login', user, '10.0.0.1');
  assert.notEqual(
    limited(() => limits.count('other', user, '10.0.0.9')),
    undefined,
  );
});

test('N137 an IPv6 address is counted with its whole /64', () => {
  const limits = new RateLimits(clockAt(), rates, testBudget());
  limits.count('other', undefined, '2001:db8:1:2::1');
  assert.notEqual(
    limited(() => limits.count('other', undefined, '2001:db8:1:2:ffff:1:2:3')),
    undefined,
  );
  limits.count('other', undefined, '2001:db8:1:3::1');
});

test('an address has one key however it is written', () => {
  assert.equal(addressKey('2001:DB8::1'), addressKey('2001:0db8:0:0:9::'));
  assert.equal(addressKey('::1'), '0:0:0:0::/64');
  assert.equal(addressKey('1::2:3:4:5:6:7'), '1:0:2:3::/64');
  assert.equal(addressKey('64:ff9b::10.0.0.1'), '64:ff9b:0:0::/64');
  assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(addressKey('10.0.0.1'), '10.0.0.1');
});

test('administrators, exempt appservices and a switched-off limiter are never limited', () => {
  const limits = new RateLimits(clockAt(), rates, testBudget());
  const off = new RateLimits(clockAt(), 'off', testBudget());
  for (let i = 0; i < 5; i++) {
    limits.count('other', { ...user, isAdmin: true }, '');
    limits.count('other', { ...user, appservice: { id: 'irc', rateLimited: false } }, '');
    off.count('other', user, '');
  }
});

test('memory stays bounded under a flood of addresses', () => {
  const limits = new RateLimits(clockAt(), rates, testBudget(2 * 1024 * 1024));
  for (let i = 0; i < 40_000; i++) limits.count('other', undefined, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.ok(limits.stats.bytes <= 2 * 1024 * 1024);
});

test('what a user does at two processes is counted together, at a rate of their own too', async () => {
  const clock = clockAt();
  const usual = { per_second: 1, burst: 4 };
  const several = { ...rates, message: usual, join: usual, media_download: usual } as LimitRates;
  const [here, there] = twoBuses().map(bus => {
    const sharing = { bus, random: systemRandom };
    return new RateLimits(clock, several, testBudget(), { name: 'rate_limits', weight: 60, sharing });
  }) as [RateLimits, RateLimits];
  const own = { ...user, userNid: 2, rate: { perSecond: 10, burst: 2 } };
  const passing = async (limit: 'message' | 'join' | 'media_download', who: Requester) => {
    for (let passed = 0; passed < 20; passed++) {
      const limits = passed % 2 === 0 ? here : there;
      if (limited(() => limits.count(limit, who, '192.0.2.1')) !== undefined) return passed;
      await heard();
    }
    return 20;
  };
  assert.equal(await passing('message', user), 4);
  assert.equal(await passing('join', user), 4);
  assert.equal(await passing('message', own), 2);
  assert.equal(await passing('media_download', user), 8, 'each process counts these for itself');
  clock.ms += 100;
  assert.equal(
    limited(() => there.count('message', own, '192.0.2.1')),
    undefined,
    'a tenth of a second at 10 a second',
  );
});
