import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { testBudget } from '../../test/support/budget.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { LocalBus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { type CachedSession, SessionCache } from './session-cache.ts';

function session(userNid: number): CachedSession {
  const requester = {
    userId: `@u${userNid}:x` as UserId,
    userNid,
    deviceId: 'D',
    isAdmin: false,
    isGuest: false,
    isSuspended: false,
    tokenNid: 1,
    appservice: undefined,
  };
  return { requester, expiresTs: undefined, isLocked: false };
}

/** A transaction that is durable at once. */
const committed = { afterCommit: (run: () => void) => run() } as unknown as Tx;

function freshCache(): SessionCache {
  return new SessionCache(new TestClock(), new LocalBus(error => assert.fail(String(error))), testBudget());
}

test('a change of one user outdates the sessions of that user only', () => {
  const cache = freshCache();
  cache.set('a', cache.mark(), session(1));
  cache.set('b', cache.mark(), session(2));
  cache.forget(committed, 1);
  assert.equal(cache.get('a'), undefined);
  assert.equal(cache.get('b')?.requester.userNid, 2);
  cache.set('a', cache.mark(), session(1));
  assert.equal(cache.get('a')?.requester.userNid, 1);
});

test('a change elsewhere outdates the sessions of the user, and a loss of hints those of everybody', async () => {
  const [busHere, busThere] = twoBuses();
  const [here, there] = [busHere, busThere].map(bus => new SessionCache(new TestClock(), bus, testBudget()));
  assert.ok(here !== undefined && there !== undefined);
  there.set('a', there.mark(), session(1));
  there.set('b', there.mark(), session(2));
  here.forget(committed, 1);
  await heard();
  assert.equal(there.get('a'), undefined);
  assert.notEqual(there.get('b'), undefined);
  busThere.isCut = true;
  here.forget(committed, 2);
  const mark = there.mark();
  busThere.tellMissed();
  assert.equal(there.get('b'), undefined);
  there.set('read before', mark, session(2));
  assert.equal(there.get('read before'), undefined);
  there.set('b', there.mark(), session(2));
  assert.notEqual(there.get('b'), undefined);
});

test('what was being read while the user changed is not believed', () => {
  const cache = freshCache();
  const mark = cache.mark();
  cache.forget(committed, 1);
  cache.set('a', mark, session(1));
  assert.equal(cache.get('a'), undefined);
});

test('changes of very many users forget everything rather than something wrong', () => {
  const cache = freshCache();
  const mark = cache.mark();
  cache.set('a', mark, session(1));
  for (let userNid = 1; userNid <= 10_001; userNid++) cache.forget(committed, userNid);
  assert.equal(cache.get('a'), undefined);
  cache.set('late', mark, session(1));
  assert.equal(cache.get('late'), undefined);
  cache.set('fresh', cache.mark(), session(1));
  assert.notEqual(cache.get('fresh'), undefined);
});

test('the cache keeps to its bytes', () => {
  const cache = new SessionCache(
    new TestClock(),
    new LocalBus(error => assert.fail(String(error))),
    testBudget(10_000),
  );
  for (let i = 0; i < 1000; i++) cache.set(`token ${i}`, cache.mark(), session(i));
  assert.ok(cache.stats.bytes <= 10_000 && cache.stats.entries > 5);
});
