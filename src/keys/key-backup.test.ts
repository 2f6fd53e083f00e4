import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { KeysWorld, type TestDevice } from '../../test/support/keys.ts';
import type { JsonObject } from '../core/json.ts';
import { beginEpoch } from '../federation/gaps/returned-event.table.ts';
import { replacesSession, type SessionRank } from './backup-rule.ts';

test('the rule of replacement, as a table', () => {
  const rank = (isVerified: boolean, firstMessageIndex: number, forwardedCount: number): SessionRank => ({
    isVerified,
    firstMessageIndex,
    forwardedCount,
  });
  const table: [old: SessionRank, next: SessionRank, replaces: boolean][] = [
    [rank(false, 10, 5), rank(true, 99, 99), true],
    [rank(true, 10, 5), rank(false, 0, 0), false],
    [rank(false, 10, 5), rank(false, 9, 99), true],
    [rank(false, 10, 5), rank(false, 11, 0), false],
    [rank(true, 10, 5), rank(true, 9, 6), true],
    [rank(true, 10, 5), rank(true, 10, 4), true],
    [rank(true, 10, 5), rank(true, 10, 6), false],
    [rank(true, 10, 5), rank(true, 10, 5), false],
  ];
  for (const [old, next, replaces] of table)
    assert.equal(replacesSession(old, next), replaces, JSON.stringify([old, next]));
});

const ALGORITHM = 'm.megolm_backup.v1.curve25519-aes-sha2';

async function create(device: TestDevice, algorithm = ALGORITHM): Promise<string> {
  const answer = await device.call('POST', '/room_keys/version', { algorithm, auth_data: { public_key: 'abc' } });
  assert.equal(answer.status, 200);
  return String(answer.body.version);
}

const session = (more: JsonObject = {}): JsonObject => ({
  first_message_index: 10,
  forwarded_count: 5,
  is_verified: false,
  session_data: { ciphertext: 'c', mac: 'm' },
  ...more,
});

onEachDatabase('versions are counted up, the newest is the current one, deleted ones are gone', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  assert.equal((await alice.call('GET', '/room_keys/version')).body.errcode, 'M_NOT_FOUND');
  assert.equal(await create(alice), '1');
  assert.equal(await create(alice, 'm.other'), '2');
  const current = await alice.call('GET', '/room_keys/version');
  assert.deepEqual(current.body, {
    algorithm: 'm.other',
    auth_data: { public_key: 'abc' },
    count: 0,
    etag: '0',
    version: '2',
  });
  assert.equal((await alice.call('GET', '/room_keys/version/1')).body.version, '1');

  for (let i = 0; i < 2; i++) assert.equal((await alice.call('DELETE', '/room_keys/version/2')).status, 200);
  assert.equal((await alice.call('DELETE', '/room_keys/version/9')).body.errcode, 'M_NOT_FOUND');
  assert.equal((await alice.call('DELETE', '/room_keys/version/x')).status, 404);
  assert.equal((await alice.call('GET', '/room_keys/version/2')).status, 404);
  assert.equal((await alice.call('GET', '/room_keys/version')).body.version, '1');
  assert.equal(await create(alice), '3', 'the number of a deleted version is not given out again');
});

onEachDatabase('no version is given out again after the database was put back', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'PHONE')];
  assert.equal(await create(alice), '1');
  await db.tx(tx => beginEpoch(tx, 1_800_000_000_000));
  assert.deepEqual([await create(alice), await create(alice)], ['1800000000001', '1800000000002']);
  assert.equal(await create(bob), '1800000000001');
  assert.equal((await alice.call('GET', '/room_keys/version')).body.version, '1800000000002');
  assert.equal((await alice.call('GET', '/room_keys/version/1')).body.version, '1');
});

onEachDatabase('concurrent creations get different versions', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  const versions = await Promise.all(Array.from({ length: 8 }, () => create(alice)));
  assert.deepEqual(versions.toSorted(), ['1', '2', '3', '4', '5', '6', '7', '8']);
});

onEachDatabase('only the auth_data of a version can be changed', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  const put = (path: string, body: JsonObject) => alice.call('PUT', `/room_keys/version/${path}`, body);
  const auth_data = { public_key: 'xyz' };
  assert.deepEqual((await put('1', { algorithm: ALGORITHM, auth_data, version: '1' })).body, {});
  assert.deepEqual((await alice.call('GET', '/room_keys/version')).body.auth_data, auth_data);
  assert.equal((await put('1', { algorithm: 'm.other', auth_data })).body.errcode, 'M_INVALID_PARAM');
  assert.equal((await put('1', { algorithm: ALGORITHM, auth_data, version: '2' })).body.errcode, 'M_INVALID_PARAM');
  assert.equal((await put('2', { algorithm: ALGORITHM, auth_data })).body.errcode, 'M_NOT_FOUND');
  const large = { public_key: 'x'.repeat(70_000) };
  assert.equal((await put('1', { algorithm: ALGORITHM, auth_data: large })).status, 413);
});

onEachDatabase('keys go in and out one by one, by room and all together', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  const [one, two] = [session(), session({ is_verified: true, first_message_index: 0 })];
  const room = encodeURIComponent('!a/b:x.example');
  const first = await alice.call('PUT', `/room_keys/keys/${room}/${encodeURIComponent('s/1+')}?version=1`, one);
  assert.deepEqual(first, { status: 200, body: { etag: '1', count: 1 } });
  const second = await alice.call('PUT', `/room_keys/keys/${room}?version=1`, { sessions: { 's/1+': one, s2: two } });
  assert.deepEqual(second.body, { etag: '2', count: 2 });
  const rooms = { '!c:x': { sessions: { s3: one } }, '!d:x': { sessions: {} } };
  const third = await alice.call('PUT', '/room_keys/keys?version=1', { rooms });
  assert.deepEqual(third.body, { etag: '3', count: 3 });
  const again = await alice.call('PUT', '/room_keys/keys?version=1', { rooms });
  assert.deepEqual(again.body, { etag: '3', count: 3 }, 'the etag changes with the content only');

  assert.deepEqual((await alice.call('GET', `/room_keys/keys/${room}/s2?version=1`)).body, two);
  assert.deepEqual((await alice.call('GET', `/room_keys/keys/${room}?version=1`)).body, {
    sessions: { 's/1+': one, s2: two },
  });
  assert.deepEqual((await alice.call('GET', '/room_keys/keys?version=1')).body, {
    rooms: { '!a/b:x.example': { sessions: { 's/1+': one, s2: two } }, '!c:x': { sessions: { s3: one } } },
  });
  assert.equal((await alice.call('GET', '/room_keys/version')).body.count, 3);
});

onEachDatabase('a worse copy changes nothing', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  const put = (body: JsonObject) => alice.call('PUT', '/room_keys/keys/!r:x/s?version=1', body);
  await put(session());
  for (const worse of [
    { first_message_index: 11 },
    { forwarded_count: 6 },
    { first_message_index: 11, forwarded_count: 0 },
  ]) {
    assert.deepEqual((await put(session(worse))).body, { etag: '1', count: 1 });
  }
  assert.deepEqual((await alice.call('GET', '/room_keys/keys/!r:x/s?version=1')).body, session());
  const better = session({ is_verified: true, first_message_index: 50 });
  assert.deepEqual((await put(better)).body, { etag: '2', count: 1 });
  assert.deepEqual((await alice.call('GET', '/room_keys/keys/!r:x/s?version=1')).body, better);
});

onEachDatabase('nothing is there: what the specification says', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  for (const path of ['', '/!r:x', '/!r:x/s']) {
    assert.equal((await alice.call('GET', `/room_keys/keys${path}?version=1`)).body.errcode, 'M_NOT_FOUND', path);
    assert.equal((await alice.call('DELETE', `/room_keys/keys${path}?version=1`)).body.errcode, 'M_NOT_FOUND', path);
  }
  assert.equal((await alice.call('PUT', '/room_keys/keys?version=1', { rooms: {} })).body.errcode, 'M_NOT_FOUND');
  await create(alice);
  assert.deepEqual((await alice.call('GET', '/room_keys/keys?version=1')).body, { rooms: {} });
  assert.deepEqual((await alice.call('GET', '/room_keys/keys/!r:x?version=1')).body, { sessions: {} });
  assert.equal((await alice.call('GET', '/room_keys/keys/!r:x/s?version=1')).body.errcode, 'M_NOT_FOUND');
  assert.equal((await alice.call('GET', '/room_keys/keys')).body.errcode, 'M_MISSING_PARAM');
});

onEachDatabase('an older version takes no keys, but gives them out and lets them be deleted', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  await alice.call('PUT', '/room_keys/keys/!r:x/s?version=1', session());
  await create(alice);
  const late = await alice.call('PUT', '/room_keys/keys/!r:x/s2?version=1', session());
  assert.equal(late.status, 403);
  assert.equal(late.body.errcode, 'M_WRONG_ROOM_KEYS_VERSION');
  assert.equal(late.body.current_version, '2');
  assert.equal((await alice.call('PUT', '/room_keys/keys/!r:x/s2?version=7', session())).status, 404);
  assert.deepEqual((await alice.call('GET', '/room_keys/keys/!r:x/s?version=1')).body, session());
  assert.deepEqual((await alice.call('DELETE', '/room_keys/keys/!r:x/s?version=1')).body, { etag: '2', count: 0 });
});

onEachDatabase('keys are deleted one by one, by room and all together', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  const sessions = { s1: session(), s2: session(), s3: session() };
  await alice.call('PUT', '/room_keys/keys?version=1', {
    rooms: { '!a:x': { sessions }, '!b:x': { sessions }, '!c:x': { sessions } },
  });
  const remove = (path: string) => alice.call('DELETE', `/room_keys/keys${path}?version=1`);
  assert.deepEqual((await remove('/!a:x/s1')).body, { etag: '2', count: 8 });
  assert.deepEqual((await remove('/!a:x/s1')).body, { etag: '2', count: 8 });
  assert.deepEqual((await remove('/!a:x')).body, { etag: '3', count: 6 });
  assert.deepEqual((await remove('')).body, { etag: '4', count: 0 });
});

onEachDatabase('malformed keys are refused', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await create(alice);
  const bad = [{ first_message_index: -1 }, { is_verified: 'yes' }, { session_data: 'x' }, { forwarded_count: 1.5 }];
  for (const more of bad) {
    assert.equal((await alice.call('PUT', '/room_keys/keys/!r:x/s?version=1', session(more))).status, 400);
  }
  const large = session({ session_data: { fill: 'x'.repeat(70_000) } });
  assert.equal((await alice.call('PUT', '/room_keys/keys/!r:x/s?version=1', large)).status, 413);
  assert.equal((await alice.call('GET', '/room_keys/version')).body.count, 0);
});

onEachDatabase('a backup of many pages comes back whole, and stays its own', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  await create(alice);
  await create(bob);
  const sessions = Object.fromEntries(
    Array.from({ length: 700 }, (_, at) => [`s${at}`, session({ forwarded_count: at })]),
  );
  const rooms = { '!a:x': { sessions }, '!b:x': { sessions }, '!c:x': { sessions: { only: session() } } };
  const put = await alice.call('PUT', '/room_keys/keys?version=1', { rooms });
  assert.equal(put.body.count, 1401);
  assert.deepEqual((await alice.call('GET', '/room_keys/keys?version=1')).body, { rooms });
  assert.deepEqual((await alice.call('GET', '/room_keys/keys/!b:x?version=1')).body, { sessions });
  assert.deepEqual((await bob.call('GET', '/room_keys/keys?version=1')).body, { rooms: {} });
});
