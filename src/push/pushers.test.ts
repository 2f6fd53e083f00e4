import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { PushWorld, pusherBody } from '../../test/support/push.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { sql } from '../db/sql.ts';
import { badgePayload, eventPayload } from './gateway-payload.ts';
import { parsePusher } from './pusher-input.ts';
import type { Pusher } from './pushers.table.ts';

const URL_OK = 'https://gateway.example/_matrix/push/v1/notify';

onEachDatabase('pushers: made, changed and deleted', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushers.set(bob, pusherBody({ profile_tag: 'tag' }));
  const { append: _, ...shown } = pusherBody({ profile_tag: 'tag' });
  assert.deepEqual(await world.pushers.list(bob.userNid), [shown]);
  await world.pushers.set(bob, pusherBody({ lang: 'de' }));
  assert.deepEqual(
    (await world.pushers.list(bob.userNid)).map(pusher => [pusher.lang, pusher.profile_tag]),
    [['de', undefined]],
  );
  await world.pushers.set(bob, pusherBody({ app_id: 'other' }));
  assert.equal((await world.pushers.list(bob.userNid)).length, 2);
  await world.notify(bob, 1);
  await world.pushers.set(bob, { kind: null, app_id: 'other', pushkey: 'key' });
  await world.pushers.set(bob, { kind: null, app_id: 'nobody', pushkey: 'key' });
  assert.deepEqual(
    (await world.pushers.list(bob.userNid)).map(pusher => pusher.app_id),
    ['org.example.app'],
  );
  assert.equal((await db.all(sql`select nid from push_queue`)).length, 1, 'what waits goes with its pusher');
});

onEachDatabase('pushers: without append, a key belongs to one user', async db => {
  const world = new PushWorld(db);
  const [bob, carol] = [await world.user('bob'), await world.user('carol')];
  await world.pushers.set(bob, pusherBody());
  await world.pushers.set(carol, pusherBody({ append: true }));
  assert.equal((await world.pushers.list(bob.userNid)).length, 1);
  await world.pushers.set(carol, pusherBody({ append: false }));
  assert.equal((await world.pushers.list(bob.userNid)).length, 0);
  assert.equal((await world.pushers.list(carol.userNid)).length, 1);
});

onEachDatabase('pushers: they go with their device', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushers.set(bob, pusherBody({ pushkey: '1' }));
  await world.pushers.set({ ...bob, deviceId: 'tablet' }, pusherBody({ pushkey: '2' }));
  await world.pushers.set({ ...bob, deviceId: undefined }, pusherBody({ pushkey: '3' }));
  const keys = async () => (await world.pushers.list(bob.userNid)).map(pusher => pusher.pushkey);
  await db.tx(tx => world.pushers.removeOfDevices(tx, bob.userNid, [bob.deviceId, 'unknown']));
  assert.deepEqual(await keys(), ['2', '3']);
  await db.tx(tx => world.pushers.removeAll(tx, bob.userNid));
  assert.deepEqual(await keys(), []);
});

onEachDatabase('pushers: their number is bounded', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  for (let at = 0; at < 50; at++) await world.pushers.set(bob, pusherBody({ pushkey: `${at}` }));
  await assert.rejects(world.pushers.set(bob, pusherBody({ pushkey: 'more' })), { errcode: 'M_TOO_LARGE' });
  await world.pushers.set(bob, pusherBody({ pushkey: '7', lang: 'fr' }));
});

test('pushers: what is none is refused', () => {
  const refused: [JsonObject, string][] = [
    [{ kind: 'email' }, 'M_INVALID_PARAM'],
    [{ kind: 'smoke' }, 'M_INVALID_PARAM'],
    [{ pushkey: 'x'.repeat(513) }, 'M_INVALID_PARAM'],
    [{ pushkey: 'é'.repeat(257) }, 'M_INVALID_PARAM'],
    [{ app_id: 'x'.repeat(65) }, 'M_INVALID_PARAM'],
    [{ data: {} }, 'M_MISSING_PARAM'],
    [{ data: { url: URL_OK, more: 'x'.repeat(9000) } }, 'M_INVALID_PARAM'],
  ];
  for (const url of [
    'http://gateway.example/_matrix/push/v1/notify',
    'https://gateway.example/',
    'https://gateway.example/x/_matrix/push/v1/notify',
    'https://me:secret@gateway.example/_matrix/push/v1/notify',
    'gateway',
    'https://gateway.example/_matrix/push/v1/notify#x',
  ])
    refused.push([{ data: { url } }, 'M_INVALID_PARAM']);
  for (const [body, errcode] of refused) {
    assert.throws(() => parsePusher(pusherBody(body)), { errcode, status: 400 }, JSON.stringify(body).slice(0, 80));
  }
  const { lang: _, data: __, ...short } = pusherBody();
  assert.throws(
    () => parsePusher(short),
    error => error instanceof MatrixError && error.message === 'Missing parameters: lang, data',
  );
  assert.equal(
    parsePusher(pusherBody({ data: { url: 'https://gateway.example:8443/_matrix/push/v1/notify?up=1' } })).host,
    'gateway.example:8443',
  );
});

const PUSHER: Pusher = {
  ...parsePusher(pusherBody()),
  nid: 1,
  userNid: 2,
  deviceId: undefined,
  ts: 12_345_678,
  tries: 0,
};
const EVENT = {
  eventId: '$e',
  roomId: '!r:x',
  type: 'm.room.member',
  sender: '@a:x',
  content: { membership: 'invite' },
  stateKey: '@b:x',
  senderDisplayName: 'A',
  roomName: undefined,
  roomAlias: '#r:x',
};
const DEVICE = {
  app_id: 'org.example.app',
  pushkey: 'key',
  pushkey_ts: 12_345,
  data: { format: 'event_id_only', custom: 1 },
};

test('gateway payload: event_id_only, all fields, badge', () => {
  const sound = { set_tweak: 'sound', value: 'ring' };
  assert.deepEqual(eventPayload(PUSHER, '@b:x', EVENT, ['notify', sound, { set_tweak: 'highlight' }], 3), {
    notification: {
      event_id: '$e',
      room_id: '!r:x',
      prio: 'high',
      counts: { unread: 3 },
      devices: [{ ...DEVICE, tweaks: { sound: 'ring', highlight: true } }],
    },
  });
  const full = { ...PUSHER, data: { url: URL_OK } };
  assert.deepEqual(eventPayload(full, '@b:x', EVENT, ['notify'], 0), {
    notification: {
      event_id: '$e',
      room_id: '!r:x',
      type: 'm.room.member',
      sender: '@a:x',
      content: { membership: 'invite' },
      sender_display_name: 'A',
      room_alias: '#r:x',
      user_is_target: true,
      prio: 'low',
      counts: { unread: 0 },
      devices: [{ ...DEVICE, data: {}, tweaks: {} }],
    },
  });
  const badge = { prio: 'low', counts: { unread: 0 }, devices: [DEVICE] };
  assert.deepEqual(badgePayload(PUSHER, 0), { notification: badge }, 'a zero is what clears the badge');
});
