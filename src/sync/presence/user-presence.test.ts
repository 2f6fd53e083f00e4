import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { systemRandom } from '../../base/random.ts';
import { RunCounter } from '../run-counter.ts';
import { ChangeLog } from './change-log.ts';
import { ACTIVE_MS, CONNECTED_MS, IDLE_MS, UserPresence } from './user-presence.ts';

test('a user is online while a device syncs, and for a while after', () => {
  const user = new UserPresence(0, undefined);
  assert.deepEqual(user.look(1000), { presence: 'offline', currentlyActive: false, changesAt: undefined });
  user.says('A', 'online', 1000);
  user.opens('A');
  assert.deepEqual(user.look(1000), { presence: 'online', currentlyActive: true, changesAt: 1000 + ACTIVE_MS });
  user.closes('A', 2000);
  assert.deepEqual(user.look(2000).changesAt, 2000 + CONNECTED_MS);
  assert.equal(user.look(2000 + CONNECTED_MS - 1).presence, 'online');
  assert.equal(user.look(2000 + CONNECTED_MS).presence, 'offline');
});

test('who does nothing counts as active no more, then as idle, until they do something', () => {
  const user = new UserPresence(0, undefined);
  user.says('A', 'online', 0);
  user.opens('A');
  assert.deepEqual(user.look(ACTIVE_MS), { presence: 'online', currentlyActive: false, changesAt: IDLE_MS });
  // Syncing on is not doing something.
  user.says('A', 'online', ACTIVE_MS + 1);
  assert.equal(user.lastActive, 0);
  assert.deepEqual(user.look(IDLE_MS), { presence: 'unavailable', currentlyActive: false, changesAt: undefined });
  user.acts(IDLE_MS + 5);
  assert.equal(user.look(IDLE_MS + 5).presence, 'online');
});

test('of several devices the most present one counts', () => {
  const user = new UserPresence(0, undefined);
  for (const id of ['A', 'B']) {
    user.says(id, 'unavailable', 1);
    user.opens(id);
  }
  assert.equal(user.look(1).presence, 'unavailable');
  user.says('B', 'online', 2);
  assert.equal(user.look(2).presence, 'online');
  user.says('B', 'offline', 3);
  assert.equal(user.look(3).presence, 'unavailable');
  user.says('A', 'offline', 3);
  assert.equal(user.look(3).presence, 'offline');
});

test('one who is not there does not come online by an act, and one who hides stays hidden', () => {
  const user = new UserPresence(0, undefined);
  user.acts(10);
  assert.equal(user.look(10).presence, 'offline');
  user.says('A', 'offline', 11);
  user.acts(12);
  assert.equal(user.look(12).presence, 'offline');
  assert.equal(user.lastActive, 12);
});

test('the log of changes tells who changed, as long as it remembers', () => {
  const counter = new RunCounter({ clock: new TestClock(), random: systemRandom });
  const log = new ChangeLog(counter, 3);
  const tokens = [counter.token];
  const add = (user: number) => {
    log.add(user);
    tokens.push(counter.token);
  };
  for (const user of [1, 2, 3, 2, 4]) add(user);
  assert.deepEqual(log.after(tokens[5]), new Set());
  assert.deepEqual(log.after(tokens[3]), new Set([2, 4]));
  assert.deepEqual(log.after(tokens[0]), new Set([1, 2, 3, 4]));
  add(5);
  add(6);
  assert.deepEqual(log.after(tokens[4]), new Set([4, 5, 6]));
  assert.equal(log.after(tokens[2]), undefined);
  assert.equal(log.after(undefined), undefined);
});

test('the log of changes knows tokens of other processes by their time, those of before its start not', () => {
  const [clock, random] = [new TestClock(), systemRandom];
  const before = new RunCounter({ clock, random });
  clock.advance(1000);
  const counter = new RunCounter({ clock, random });
  const log = new ChangeLog(counter, 3);
  assert.equal(log.after(before.token), undefined);
  const other = new RunCounter({ clock, random });
  const atStart = other.token;
  log.add(1);
  log.add(2, other.next().stamp + 5000);
  assert.deepEqual(log.after(atStart), new Set([1, 2]));
  other.next(counter.mark.stamp);
  assert.deepEqual(log.after(other.token), new Set());
  log.add(3);
  assert.deepEqual(log.after(other.token), new Set([3]));
});
