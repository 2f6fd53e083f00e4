import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventId } from '../../src/core/ids.ts';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { roomHead } from '../../src/rooms/rooms.table.ts';
import { openSqlite } from '../support/databases.ts';
import { FaultyDatabase } from '../support/faulty-database.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn, say, setState } from '../support/rooms.ts';

/** A transaction with which the commit of its whole group fails, after everything in the group has succeeded. */
async function spoilGroup(db: Database): Promise<void> {
  await assert.rejects(db.tx(tx => tx.run(sql`insert into spoiled (parent) values (7)`)));
}

async function openRooms() {
  const opened = await openSqlite();
  await opened.db.script(`create table sound (id bigint primary key);
    create table spoiled (parent bigint references sound (id) deferrable initially deferred)`);
  return { opened, parts: roomsOn(opened.db) };
}

/** What the caches say is what a server says that has just been started. */
async function compareWithFresh(parts: RoomsParts, room: Room): Promise<void> {
  const fresh = roomsOn(parts.db);
  const { state_root: root } = await roomHead(parts.db, room.nid);
  const ids = async (server: RoomsParts) => {
    const all = await Array.fromAsync(server.state.all(server.db, room, root));
    return all.map(stored => stored.event.id);
  };
  assert.deepEqual(await ids(parts), await ids(fresh));
  const recomputed = await fresh.trees.recomputeFingerprint(parts.db, room.nid, root);
  assert.deepEqual(await parts.trees.fingerprint(parts.db, room.nid, root), recomputed);
  for (const { user_id, nid } of await parts.db.all<{ user_id: typeof ALICE; nid: number }>(
    sql`select user_id, nid from user_name`,
  )) {
    assert.equal(await parts.nids.users.findOne(parts.db, user_id), nid);
    assert.equal(await parts.nids.users.name(parts.db, nid), user_id);
  }
}

test('what a failed commit had made is in no cache: events, state pages, numbers of names', async () => {
  const { opened, parts } = await openRooms();
  await using _ = opened;
  const { db } = parts;
  const room = await newRoom(parts);
  await joinAll(parts, room, [BOB]);
  await say(parts, room, BOB, 'before');
  for (let round = 0; round < 5; round++) {
    const lost = [
      say(parts, room, ALICE, `lost ${round}`),
      setState(parts, room, ALICE, `org.example.lost.${round}`, { round }, `key ${round}`),
      joinAll(parts, room, [CAROL]),
    ];
    const [results] = await Promise.all([Promise.allSettled(lost), spoilGroup(db)]);
    assert.deepEqual(
      results.map(result => result.status),
      ['rejected', 'rejected', 'rejected'],
    );
    // The numbers of events, pages and names that were given out in vain are given out again, to others.
    const kept = await setState(parts, room, ALICE, `org.example.kept.${round}`, { round });
    assert.equal((await parts.events.byId(db, kept as EventId))?.event.content.round, round);
    assert.equal(await parts.nids.types.findOne(db, `org.example.lost.${round}`), undefined);
    await compareWithFresh(parts, room);
  }
  await joinAll(parts, room, [CAROL]);
  await say(parts, room, CAROL, 'after');
  await compareWithFresh(parts, room);
});

test('a disk that fails at any step of a send leaves nothing of it, and the next send works', async () => {
  await using opened = await openSqlite();
  let failAt = 0;
  let steps = 0;
  const db = new FaultyDatabase(opened.db, step => {
    // What is committed is committed: nothing can fail any more.
    if (step !== 'committed' && ++steps === failAt) throw new RangeError('the disk has failed');
  });
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  let at = 0;
  for (let failed = true; failed; ) {
    const before = await roomHead(opened.db, room.nid);
    steps = 0;
    failAt = ++at;
    const [result] = await Promise.allSettled([setState(parts, room, ALICE, 'm.room.topic', { topic: `topic ${at}` })]);
    failAt = 0;
    failed = result.status === 'rejected';
    if (failed) assert.deepEqual(await roomHead(opened.db, room.nid), before);
    await say(parts, room, ALICE, `after step ${at}`);
  }
  assert.ok(at > 10, `a send takes only ${at} steps`);
  await compareWithFresh(parts, room);
});
