import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  const log = new ChangeLog(3);
  for (const user of [1, 2, 3, 2, 4]) log.add(user);
  assert.equal(log.serial, 5);
  assert.deepEqual(log.after(5), new Set());
  assert.deepEqual(log.after(3), new Set([2, 4]));
  log.add(5);
  log.add(6);
  assert.deepEqual(log.after(4), new Set([4, 5, 6]));
  assert.equal(log.after(2), undefined);
});
