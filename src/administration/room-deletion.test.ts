import assert from 'node:assert/strict';
import { type AdminWorld, type Caller, eventually, over, withAdmin } from '../../test/support/admin-world.ts';
import type { JsonObject } from '../core/json.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';

const at = encodeURIComponent;

interface Scene {
  readonly alice: Caller;
  readonly bob: Caller;
  readonly carol: Caller;
  readonly room: string;
}

/** A room with a bit of everything in it, on which Alice is offline from `since` on. */
async function scene(world: AdminWorld): Promise<Scene> {
  const [alice, bob, carol] = [await world.user('alice'), await world.user('bob'), await world.user('carol')];
  const wish = {
    preset: 'public_chat',
    name: 'Doomed',
    room_alias_name: 'doomed',
    visibility: 'public',
    invite: [carol.id],
  };
  const room = String((await alice.ok('POST', 'c/v3/createRoom', wish)).room_id);
  const path = `c/v3/rooms/${at(room)}`;
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  const say = (by: Caller, txn: string, content: JsonObject, type = 'm.room.message') =>
    by.ok('PUT', `${path}/send/${type}/${txn}`, content).then(({ event_id }) => String(event_id));
  const first = await say(alice, 'a', {
    msgtype: 'm.text',
    body: `hello ${bob.id}`,
    'm.mentions': { user_ids: [bob.id] },
  });
  const about = (key: JsonObject) => ({ 'm.relates_to': { event_id: first, ...key } });
  await say(bob, 'b', about({ rel_type: 'm.annotation', key: '+1' }), 'm.reaction');
  await say(bob, 'c', { msgtype: 'm.text', body: 'thread', ...about({ rel_type: 'm.thread' }) });
  const wrong = await say(bob, 'd', { msgtype: 'm.text', body: 'wrong' });
  await bob.ok('PUT', `${path}/redact/${at(wrong)}/e`, {});
  await bob.ok('POST', `${path}/receipt/m.read/${at(first)}`, {});
  await alice.ok('PUT', `c/v3/user/${alice.id}/rooms/${at(room)}/account_data/org.example`, { keep: 'nothing' });
  await alice.ok('PUT', `${path}/send/m.room.message/f?org.matrix.msc4140.delay=3600000`, {
    msgtype: 'm.text',
    body: 'late',
  });
  return { alice, bob, carol, room };
}

function search(term: string): JsonObject {
  return { search_categories: { room_events: { search_term: term } } };
}

/** The tables that name a room by its number, and how many rows of one room each of them has. */
async function rowsOf(db: Database, roomNid: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of await tablesOfRooms(db)) {
    const rows = await db.all<{ n: number }>(
      sql`select count(*) as n from ${rawName(name)} where room_nid = ${roomNid}`,
    );
    const n = rows[0]?.n ?? 0;
    if (n > 0) counts[name] = n;
  }
  return counts;
}

function tablesOfRooms(db: Database): Promise<{ name: string }[]> {
  return db.dialect === 'sqlite'
    ? db.all(sql`select m.name from sqlite_master m join pragma_table_info(m.name) c
        where m.type = 'table' and c.name = 'room_nid' order by m.name`)
    : db.all(sql`select table_name as name from information_schema.columns
        where column_name = 'room_nid' and table_schema = 'public' order by table_name`);
}

/** A name of the schema, not of a stranger, as a fragment. */
function rawName(name: string) {
  return { ...sql.empty, strings: [name] } as typeof sql.empty;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: number;
}

function columnsOf(db: Database, table: string): Promise<Column[]> {
  return db.dialect === 'sqlite'
    ? db.all(sql`select name, lower(type) as type, max("notnull", min(pk, 1)) as required from pragma_table_info(${table})
        where dflt_value is null`)
    : db.all(sql`select column_name as name, data_type as type, case is_nullable when 'NO' then 1 else 0 end as required
        from information_schema.columns where table_name = ${table} and column_default is null and is_identity = 'NO'`);
}

/** A row in every table that names rooms: in those that the scene does not reach, and those that are yet to be made. */
async function fillAll(db: Database, roomNid: number): Promise<string[]> {
  const tables = (await tablesOfRooms(db)).map(({ name }) => name).filter(name => name !== 'room_remains');
  const reached = await rowsOf(db, roomNid);
  for (const table of tables.filter(name => reached[name] === undefined)) {
    const columns = (await columnsOf(db, table)).filter(column => column.required === 1 || column.name === 'room_nid');
    const names = columns.map(column => rawName(column.name));
    const values = columns.map(column => sql`${fillerFor(column, roomNid)}`);
    const list = (parts: typeof names) => parts.reduce((all, next) => sql`${all}, ${next}`);
    await db.tx(tx =>
      tx.run(sql`insert into ${rawName(table)} (${list(names)}) values (${list(values)}) on conflict do nothing`),
    );
  }
  return tables;
}

function fillerFor({ name, type }: Column, roomNid: number): string | number | Uint8Array {
  if (name === 'room_nid') return roomNid;
  if (type === 'bytea') return new Uint8Array(1);
  if (type === 'tsvector') return '';
  return type === 'text' ? 'filler' : 0;
}

async function nidOf(db: Database, room: string): Promise<number> {
  const row = await db.get<{ nid: number }>(sql`select nid from room where room_id = ${room}`);
  return row?.nid ?? assert.fail(`${room} is not known`);
}

withAdmin('a deleted room leaves nothing behind, in any table', async (world, root) => {
  const { alice, bob, room } = await scene(world);
  const other = String((await alice.ok('POST', 'c/v3/createRoom', { name: 'Hello Spared' })).room_id);
  await eventually(
    () => alice.ok('POST', 'c/v3/search', search('hello spared')),
    answer => Number(answer.search_categories?.room_events?.count) > 0,
  );
  const [nid, otherNid] = [await nidOf(world.db, room), await nidOf(world.db, other)];
  const tables = await fillAll(world.db, nid);
  const before = await rowsOf(world.db, nid);
  assert.deepEqual(Object.keys(before), tables, 'the test reaches every table');
  const spared = await rowsOf(world.db, otherNid);
  const { delete_id: id } = await root.ok('DELETE', `v2/rooms/${at(room)}`, { block: true });
  const done = await over(root, `v2/rooms/delete_status/${id}`);
  assert.equal(done.status, 'complete', JSON.stringify(done));
  const { shutdown_room: result } = done;
  assert.deepEqual(((result?.kicked_users ?? []) as unknown as string[]).toSorted(), [
    '@alice:one.example',
    '@bob:one.example',
    '@carol:one.example',
  ]);
  assert.deepEqual(
    [result?.failed_to_kick_users, result?.local_aliases, result?.new_room_id],
    [[], ['#doomed:one.example'], null],
  );
  assert.deepEqual(await rowsOf(world.db, nid), {});
  assert.deepEqual(await rowsOf(world.db, otherNid), spared);
  const leftovers = await world.db.all(sql`select type from account_data where room_id = ${room}`);
  assert.deepEqual(leftovers, []);
  await root.refused(404, 'M_NOT_FOUND', 'GET', `v1/rooms/${at(room)}`);
  await alice.refused(403, 'M_FORBIDDEN', 'GET', `c/v3/rooms/${at(room)}/messages?dir=b`);
  await alice.refused(404, 'M_NOT_FOUND', 'GET', `c/v3/directory/room/${at('#doomed:one.example')}`);
  assert.equal((await root.ok('GET', `v1/rooms/${at(room)}/block`)).block, true);
  assert.deepEqual((await root.ok('GET', `v2/rooms/${at(room)}/delete_status`)).results?.[0]?.status, 'complete');
  const { scheduled_tasks: tasks } = await root.ok(
    'GET',
    `v1/scheduled_tasks?action_name=delete_room&resource_id=${at(room)}`,
  );
  assert.deepEqual([tasks?.[0]?.id, tasks?.[0]?.status], [id, 'complete']);
  assert.equal((await root.ok('GET', 'v1/scheduled_tasks?job_status=failed')).scheduled_tasks?.length, 0);
  await root.refused(400, 'M_INVALID_PARAM', 'GET', 'v1/scheduled_tasks?job_status=done');
  const found = await bob.ok('POST', 'c/v3/search', search('hello'));
  assert.equal(found.search_categories?.room_events?.count, 0);
});

withAdmin('a client that was away learns that its room is gone, once', async (world, root) => {
  const { alice, carol, room } = await scene(world);
  const { next_batch: since } = await alice.ok('GET', 'c/v3/sync');
  const { next_batch: carolSince } = await carol.ok('GET', 'c/v3/sync');
  const sliding = 'c/unstable/org.matrix.simplified_msc3575/sync';
  const list = { lists: { all: { timeline_limit: 1, required_state: [] } } };
  const { pos } = await alice.ok('POST', sliding, list);
  const { delete_id: id } = await root.ok('DELETE', `v2/rooms/${at(room)}`, {});
  assert.equal((await over(root, `v2/rooms/delete_status/${id}`)).status, 'complete');
  const slid = await alice.ok('POST', `${sliding}?pos=${pos}`, list);
  assert.deepEqual(
    [Object.keys(slid.rooms ?? {}), slid.rooms?.[room]?.membership, slid.lists?.all?.count],
    [[room], 'leave', 0],
  );
  assert.deepEqual((await alice.ok('POST', `${sliding}?pos=${slid.pos}`, list)).rooms, {});
  const later = await alice.ok('GET', `c/v3/sync?since=${since}`);
  const [event] = (later.rooms?.leave?.[room]?.timeline?.events ?? []) as unknown as JsonObject[];
  assert.deepEqual(
    [event?.type, event?.state_key, event?.content],
    ['m.room.member', alice.id, { membership: 'leave' }],
  );
  assert.equal(later.rooms?.join, undefined);
  const invited = await carol.ok('GET', `c/v3/sync?since=${carolSince}`);
  assert.ok(invited.rooms?.leave?.[room]);
  const last = await alice.ok('GET', `c/v3/sync?since=${later.next_batch}`);
  assert.equal(last.rooms, undefined);
  assert.equal((await alice.ok('GET', 'c/v3/sync')).rooms, undefined, 'a new client is told nothing');
});

withAdmin('those who were in a deleted room are moved to a new one, which says why', async (world, root) => {
  const { alice, bob, room } = await scene(world);
  const wish = { new_room_user_id: '@police:one.example', room_name: 'Moved', message: 'Be nice.' };
  const result = await root.ok('DELETE', `v1/rooms/${at(room)}`, wish);
  const moved = String(result.new_room_id);
  assert.deepEqual(result.local_aliases, ['#doomed:one.example']);
  assert.equal((await alice.ok('GET', `c/v3/directory/room/${at('#doomed:one.example')}`)).room_id, moved);
  for (const user of [alice, bob]) {
    assert.deepEqual((await user.ok('GET', 'c/v3/joined_rooms')).joined_rooms, [moved]);
    const { chunk } = await user.ok('GET', `c/v3/rooms/${at(moved)}/messages?dir=b`);
    const said = ((chunk ?? []) as unknown as { sender: string; content: JsonObject }[]).find(
      event => event.content.body === 'Be nice.',
    );
    assert.equal(said?.sender, '@police:one.example');
    await user.refused(403, 'M_FORBIDDEN', 'PUT', `c/v3/rooms/${at(moved)}/send/m.room.message/x`, {
      msgtype: 'm.text',
      body: 'no',
    });
  }
  assert.equal((await root.ok('GET', `v1/rooms/${at(moved)}`)).name, 'Moved');
});

withAdmin('a room can be emptied and kept', async (world, root) => {
  const { alice, room } = await scene(world);
  const { delete_id: id } = await root.ok('DELETE', `v2/rooms/${at(room)}`, { purge: false });
  assert.equal((await over(root, `v2/rooms/delete_status/${id}`)).status, 'complete');
  const kept = await root.ok('GET', `v1/rooms/${at(room)}`);
  assert.deepEqual([kept.joined_members, kept.public, kept.forgotten], [0, false, true]);
  assert.deepEqual((await alice.ok('GET', 'c/v3/joined_rooms')).joined_rooms, []);
});

withAdmin('what cannot be deleted is said at once', async (world, root) => {
  const { alice, room } = await scene(world);
  const path = (id: string) => `v2/rooms/${at(id)}`;
  await alice.refused(403, 'M_FORBIDDEN', 'DELETE', path(room), {});
  await root.refused(404, 'M_NOT_FOUND', 'DELETE', path('!none:one.example'), {});
  await root.refused(400, 'M_INVALID_PARAM', 'DELETE', path(room), { new_room_user_id: '@far:elsewhere.example' });
  await root.refused(400, 'M_BAD_JSON', 'DELETE', path(room), { purge: 'yes' });
  await root.refused(404, 'M_NOT_FOUND', 'GET', `${path(room)}/delete_status`);
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v2/rooms/delete_status/none');
  const unknown = '!unknown:elsewhere.example';
  const nothing = { kicked_users: [], failed_to_kick_users: [], local_aliases: [], new_room_id: null };
  assert.deepEqual(await root.ok('DELETE', `v1/rooms/${at(unknown)}`, { block: true }), nothing);
  assert.equal((await root.ok('GET', `v1/rooms/${at(unknown)}/block`)).block, true);
  assert.equal((await root.ok('GET', `v1/rooms/${at(room)}`)).name, 'Doomed');
});
