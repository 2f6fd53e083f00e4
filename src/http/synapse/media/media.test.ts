import assert from 'node:assert/strict';
import { type AdminWorld, type Caller, withAdmin } from '../../../../test/support/admin-world.ts';
import { sql } from '../../../db/sql.ts';

const at = encodeURIComponent;
const HOUR_MS = 3_600_000;
const LONG_AGO = Date.UTC(2020, 0);

function ids(list: unknown): unknown[] {
  return (list as { media_id: string }[]).map(one => one.media_id);
}

/** Makes files old, as if nobody had used them. */
async function age(world: AdminWorld, mediaIds: readonly string[], ts: number): Promise<void> {
  await world.db.tx(tx =>
    tx.run(sql`update media set last_access = ${ts}, created = ${ts} where media_id ${sql.in(mediaIds)}`),
  );
}

withAdmin('what a user has uploaded is listed, shown and deleted', async (world, root) => {
  const alice = await world.user('alice');
  const [small, large] = [
    await world.upload(alice, 'a', 'b.txt'),
    await world.upload(alice, 'x'.repeat(100), 'a.bin', 'image/png'),
  ];
  await age(world, [small], Date.now() - HOUR_MS);
  const path = `v1/users/${alice.id}/media`;
  const list = await root.ok('GET', path);
  assert.deepEqual([list.total, ids(list.media), list.next_token], [2, [large, small], undefined]);
  assert.deepEqual(ids((await root.ok('GET', `${path}?order_by=media_length`)).media), [small, large]);
  assert.deepEqual(ids((await root.ok('GET', `${path}?order_by=upload_name&dir=b`)).media), [small, large]);
  const page = await root.ok('GET', `${path}?limit=1`);
  assert.deepEqual([ids(page.media), page.next_token], [[large], 1]);
  const shown = page.media?.[0];
  assert.deepEqual(
    [shown?.media_type, shown?.media_length, shown?.upload_name, shown?.quarantined_by],
    ['image/png', 100, 'a.bin', null],
  );
  const { media_info: info } = await root.ok('GET', `v1/media/one.example/${large}`);
  assert.deepEqual([info?.media_origin, info?.user_id, info?.media_length], ['one.example', alice.id, 100]);
  assert.match(String(info?.sha256), /^[0-9a-f]{64}$/);
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/media/one.example/none');
  await root.refused(400, 'M_INVALID_PARAM', 'GET', 'v1/media/one.example/no%20id');
  await root.refused(400, 'M_INVALID_PARAM', 'GET', `${path}?order_by=owner`);
  await alice.refused(403, 'M_FORBIDDEN', 'GET', path);
  assert.deepEqual(await root.ok('DELETE', `v1/media/one.example/${small}`, {}), { deleted_media: [small], total: 1 });
  await root.refused(404, 'M_NOT_FOUND', 'DELETE', `v1/media/one.example/${small}`, {});
  assert.deepEqual([await world.download(alice, small), await world.download(alice, large)], [404, 200]);
  const more = [await world.upload(alice, '1', '1'), await world.upload(alice, '2', '2')];
  const gone = await root.ok('DELETE', `${path}?order_by=media_length&dir=f&limit=2`, {});
  assert.deepEqual([gone.total, (gone.deleted_media as unknown as string[]).toSorted()], [2, more.toSorted()]);
  assert.equal((await root.ok('DELETE', path, {})).total, 1);
  assert.equal((await root.ok('GET', path)).total, 0);
});

withAdmin('quarantine withholds bytes, under whatever URI they come', async (world, root) => {
  const alice = await world.user('alice');
  const bad = await world.upload(alice, 'evil bytes', 'bad');
  const copy = await world.upload(alice, 'evil bytes', 'copy');
  const good = await world.upload(alice, 'good bytes', 'good');
  assert.deepEqual(await root.ok('POST', `v1/media/quarantine/one.example/${bad}`, {}), {});
  const served = async (...media: string[]) => Promise.all(media.map(id => world.download(alice, id)));
  assert.deepEqual(await served(bad, copy, good), [404, 404, 200]);
  const later = await world.upload(alice, 'evil bytes', 'later');
  assert.deepEqual(await served(later), [404]);
  assert.equal((await root.ok('GET', `v1/media/one.example/${copy}`)).media_info?.quarantined_by, root.id);
  const first = await root.ok('GET', 'v1/media/quarantine_changes');
  assert.deepEqual(ids(first.changes).toSorted(), [bad, copy].toSorted());
  await root.ok('POST', `v1/media/unquarantine/one.example/${bad}`, {});
  assert.deepEqual(await served(bad, copy, later, good), [200, 200, 200, 200]);
  const next = await root.ok('GET', `v1/media/quarantine_changes?from=${first.next_batch}`);
  assert.deepEqual(
    (next.changes as unknown as { quarantined: boolean }[]).map(change => change.quarantined),
    [false, false, false],
  );
  await root.refused(404, 'M_NOT_FOUND', 'POST', 'v1/media/quarantine/one.example/none', {});
});

withAdmin('all of a user or a room is withheld, but not what is protected', async (world, root) => {
  const alice = await world.user('alice');
  const [sticker, photo, thumbnail, other] = [
    await world.upload(alice, 'sticker', 's'),
    await world.upload(alice, 'photo', 'p'),
    await world.upload(alice, 'thumbnail', 't'),
    await world.upload(alice, 'other', 'o'),
  ];
  const uri = (id: string) => `mxc://one.example/${id}`;
  await root.ok('POST', `v1/media/protect/${sticker}`, {});
  assert.equal((await root.ok('GET', `v1/media/one.example/${sticker}`)).media_info?.safe_from_quarantine, true);
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/media/quarantine/one.example/${sticker}`, {});
  const room = String((await alice.ok('POST', 'c/v3/createRoom', {})).room_id);
  const say = (txn: string, content: Record<string, unknown>) =>
    alice.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/${txn}`, {
      msgtype: 'm.image',
      body: 'i',
      ...content,
    } as never);
  await say('1', { url: uri(photo), info: { thumbnail_url: uri(thumbnail) } });
  await say('2', { url: uri(sticker) });
  await say('3', { url: 'mxc://elsewhere.example/far' });
  await say('4', { body: `not ${uri(other)} in a text` });
  const { local, remote } = await root.ok('GET', `v1/room/${at(room)}/media`);
  assert.deepEqual((local as unknown as string[]).toSorted(), [photo, sticker, thumbnail].map(uri).toSorted());
  assert.deepEqual(remote, ['mxc://elsewhere.example/far']);
  assert.deepEqual(await root.ok('POST', `v1/room/${at(room)}/media/quarantine`, {}), { num_quarantined: 2 });
  assert.deepEqual(await root.ok('POST', `v1/quarantine_media/${at(room)}`, {}), { num_quarantined: 0 });
  const served = async (...media: string[]) => Promise.all(media.map(id => world.download(alice, id)));
  assert.deepEqual(await served(sticker, photo, thumbnail, other), [200, 404, 404, 200]);
  assert.deepEqual(await root.ok('POST', `v1/user/${alice.id}/media/quarantine`, {}), { num_quarantined: 1 });
  assert.deepEqual(await served(sticker, other), [200, 404]);
  await root.ok('POST', `v1/media/unprotect/${sticker}`, {});
  assert.deepEqual(await root.ok('POST', `v1/user/${alice.id}/media/quarantine`, {}), { num_quarantined: 1 });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/room/!none:one.example/media');
});

withAdmin('old files go by age and size, but not the pictures of users and rooms', async (world, root) => {
  const alice = await world.user('alice');
  const names = ['old', 'large', 'face', 'sign', 'new'];
  const [old, large, face, sign, fresh] = (await inOrder(names, name =>
    world.upload(alice, name.repeat(name === 'large' ? 99 : 1), name),
  )) as [string, string, string, string, string];
  const uri = (id: string) => `mxc://one.example/${id}`;
  await alice.ok('PUT', `c/v3/profile/${alice.id}/avatar_url`, { avatar_url: uri(face) });
  const room = String((await alice.ok('POST', 'c/v3/createRoom', {})).room_id);
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/state/m.room.avatar/`, { url: uri(sign) });
  await age(world, [old, large, face, sign], Date.now() - 48 * HOUR_MS);
  const before = Date.now() - HOUR_MS;
  const remove = async (query: string) => (await root.ok('POST', `v1/media/delete?${query}`, {})).deleted_media;
  assert.deepEqual(await remove(`before_ts=${before}&size_gt=100`), [large]);
  const elsewhere = `v1/media/elsewhere.example/delete?before_ts=${before}&keep_profiles=false`;
  await root.refused(400, 'M_INVALID_PARAM', 'POST', elsewhere, {});
  assert.deepEqual(await remove(`before_ts=${before}`), [old]);
  assert.deepEqual(
    (await root.ok('POST', `v1/media/one.example/delete?before_ts=${before}&keep_profiles=false`, {})).total,
    2,
  );
  assert.deepEqual([await world.download(alice, fresh), await world.download(alice, face)], [200, 404]);
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/media/delete?before_ts=${Math.floor(Date.now() / 1000)}`, {});
  await root.refused(400, 'M_MISSING_PARAM', 'POST', 'v1/media/delete', {});
});

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

withAdmin('copies of other servers go, and what is ours stays', async (world, root) => {
  const alice = await world.user('alice');
  const ours = await world.upload(alice, 'ours', 'ours');
  await world.upload(alice, 'theirs', 'theirs');
  await world.db.tx(async tx => {
    await tx.run(sql`insert into domain (name) values ('elsewhere.example')`);
    await tx.run(sql`update media set user_nid = null, last_access = ${LONG_AGO},
      origin_nid = (select nid from domain where name = 'elsewhere.example') where media_id <> ${ours}`);
    await tx.run(sql`update media set last_access = ${LONG_AGO} where media_id = ${ours}`);
  });
  assert.deepEqual(await root.ok('POST', `v1/purge_media_cache?before_ts=${LONG_AGO}`, {}), { deleted: 0 });
  assert.deepEqual(await root.ok('POST', `v1/purge_media_cache?before_ts=${LONG_AGO + 1}`, {}), { deleted: 1 });
  assert.equal(await world.download(alice, ours), 200);
  const seconds = LONG_AGO / 1000;
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `v1/purge_media_cache?before_ts=${seconds}`, {});
});

async function statistics(root: Caller, query: string): Promise<unknown[]> {
  const { users } = await root.ok('GET', `v1/statistics/users/media?${query}`);
  return (users as unknown as { user_id: string }[]).map(user => user.user_id.slice(1, user.user_id.indexOf(':')));
}

withAdmin('statistics tell who has most media, and which rooms are largest', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  await alice.ok('PUT', `c/v3/profile/${alice.id}/displayname`, { displayname: 'Zora' });
  await world.upload(alice, 'xx', 'x');
  const later = await world.upload(alice, 'yy', 'y');
  await world.upload(bob, 'z'.repeat(50), 'z');
  await age(world, [later], 5000);
  const all = await root.ok('GET', 'v1/statistics/users/media');
  assert.deepEqual(all, {
    users: [
      { user_id: alice.id, displayname: 'Zora', media_count: 2, media_length: 4 },
      { user_id: bob.id, displayname: 'bob', media_count: 1, media_length: 50 },
    ],
    total: 2,
  });
  assert.deepEqual(await statistics(root, 'order_by=media_length&dir=b'), ['bob', 'alice']);
  assert.deepEqual(await statistics(root, 'order_by=media_count&dir=b'), ['alice', 'bob']);
  assert.deepEqual(await statistics(root, 'order_by=displayname'), ['bob', 'alice']);
  assert.deepEqual(await statistics(root, 'search_term=zor'), ['alice']);
  assert.deepEqual(await statistics(root, 'until_ts=6000'), ['alice']);
  assert.deepEqual(await statistics(root, 'from_ts=6000&limit=1'), ['alice']);
  assert.equal((await root.ok('GET', 'v1/statistics/users/media?limit=1')).next_token, 1);
  const [small, large] = [await alice.ok('POST', 'c/v3/createRoom', {}), await alice.ok('POST', 'c/v3/createRoom', {})];
  for (let i = 0; i < 20; i++)
    await alice.ok('PUT', `c/v3/rooms/${at(String(large.room_id))}/send/m.room.message/${i}`, {
      msgtype: 'm.text',
      body: 'x'.repeat(500),
    });
  const { rooms } = await root.ok('GET', 'v1/statistics/database/rooms');
  assert.deepEqual([rooms?.[0]?.room_id, rooms?.[1]?.room_id], [large.room_id, small.room_id]);
  assert.ok(Number(rooms?.[0]?.estimated_size) > 20 * 500);
});
