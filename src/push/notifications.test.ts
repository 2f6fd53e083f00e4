import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { numberedEvents, PushWorld, pusherBody } from '../../test/support/push.ts';
import { sql } from '../db/sql.ts';
import { NotificationHistory } from './notification-history.ts';
import { counts, deleteNotifications, pruneRead, unreadTotal } from './notifications.table.ts';

onEachDatabase('notifications: counted by room and thread, cleared up to a position', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const carol = await world.user('carol');
  await world.notify(bob, 1);
  await world.notify(bob, 2, { highlight: true });
  await world.notify(bob, 3, { thread: '$root' });
  await world.notify(bob, 4, { thread: '$root', highlight: true });
  await world.notify(bob, 5, { roomNid: 2 });
  await world.notify(carol, 1);
  const room = async (nid: number, upTo = 5) => {
    const found = (await counts(db, bob.userNid, new Map([1, 2, 3].map(each => [each, upTo])))).get(nid);
    return found && { ...found, threads: Object.fromEntries(found.threads) };
  };
  const main = { notify: 2, highlight: 1 };
  const thread = { notify: 2, highlight: 1 };
  assert.deepEqual(await room(1), { notify: 4, highlight: 2, threads: { main, $root: thread } });
  assert.deepEqual(await room(2), { notify: 1, highlight: 0, threads: { main: { notify: 1, highlight: 0 } } });
  assert.equal(await room(3), undefined);
  assert.deepEqual(await room(1, 2), { ...main, threads: { main } }, 'what comes later is not counted');

  const clear = (thread: string | undefined, pos: number) =>
    db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, thread, pos));
  assert.equal(await clear('$root', 3), 1);
  assert.deepEqual(await room(1), { notify: 3, highlight: 2, threads: { main, $root: { notify: 1, highlight: 1 } } });
  assert.equal(await clear('main', 4), 2);
  assert.deepEqual(await room(1), { notify: 1, highlight: 1, threads: { $root: { notify: 1, highlight: 1 } } });
  assert.equal(await clear(undefined, 4), 1);
  assert.equal(await clear(undefined, 4), 0);
  assert.equal(await room(1), undefined);
  assert.equal(await unreadTotal(db, bob.userNid), 1);
  assert.equal(await unreadTotal(db, carol.userNid), 1, 'nobody else is touched');
});

onEachDatabase('notifications: one that exists stays as it is and is not pushed again', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushers.set(bob, pusherBody());
  await world.notify(bob, 1);
  await db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, undefined, 1));
  await world.notify(bob, 1);
  assert.equal(await unreadTotal(db, bob.userNid), 0);
  const queued = await db.all(sql`select room_nid from push_queue order by nid`);
  assert.deepEqual(
    queued.map(row => row.room_nid),
    [1, 0],
    'the notification and one badge update',
  );
});

onEachDatabase('notifications: thousands at once', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const rows = Array.from({ length: 1201 }, (_, at) => ({
    userNid: bob.userNid,
    roomNid: 1,
    pos: at,
    eventNid: at,
    thread: 'main',
    highlight: false,
    actions: '[]',
    ts: at,
  }));
  await db.tx(tx => world.notifications.add(tx, rows));
  assert.equal(await unreadTotal(db, bob.userNid), 1201);
});

onEachDatabase('notifications: history by pages, highlights, read ones and gaps', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const history = new NotificationHistory({ db, events: numberedEvents });
  for (let nid = 1; nid <= 7; nid++) await world.notify(bob, nid, { highlight: nid % 2 === 0, ts: 1000 + (nid >> 1) });
  await world.notify(bob, 2000);
  await world.notify(bob, 8, { actions: '[' });
  await db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, undefined, 3));
  const pages = async (limit: number, onlyHighlights: boolean) => {
    const events: unknown[] = [];
    let from: string | undefined;
    do {
      const page = await history.page(bob.userNid, { from, limit, onlyHighlights });
      events.push(...page.notifications.map(item => [(item.event as { event_id: string }).event_id, item.read]));
      from = page.next_token;
    } while (from !== undefined);
    return events;
  };
  const all = [
    ['$7', false],
    ['$6', false],
    ['$5', false],
    ['$4', false],
    ['$3', true],
    ['$2', true],
    ['$1', true],
  ];
  for (const limit of [1, 2, 3, 100]) assert.deepEqual(await pages(limit, false), all);
  assert.deepEqual(await pages(2, true), [
    ['$6', false],
    ['$4', false],
    ['$2', true],
  ]);
  const { notifications } = await history.page(bob.userNid, { from: undefined, limit: 3, onlyHighlights: false });
  assert.deepEqual(notifications[0], {
    actions: ['notify'],
    event: { event_id: '$7' },
    read: false,
    room_id: '!room1:a.example',
    ts: 1003,
  });
  const bad = history.page(bob.userNid, { from: 'xxxxx', limit: 1, onlyHighlights: false });
  await assert.rejects(bad, { errcode: 'M_INVALID_PARAM' });
});

onEachDatabase('notifications: read ones are pruned, those of a room deleted', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  for (let nid = 1; nid <= 6; nid++) await world.notify(bob, nid);
  await db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, undefined, 4));
  assert.equal(await db.tx(tx => pruneRead(tx, 10_000, 3)), 3);
  assert.equal(await db.tx(tx => pruneRead(tx, 10_000, 3)), 1);
  assert.equal(await db.tx(tx => pruneRead(tx, 10_000, 3)), 0);
  assert.equal(await db.tx(tx => deleteNotifications(tx, bob.userNid, 1)), 2);
});
