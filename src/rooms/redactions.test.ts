import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, EMIL, joinFrom, remoteEvent } from '../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say, setState, stateContent } from '../../test/support/rooms.ts';
import type { EventId } from '../core/ids.ts';
import { knownRoomVersions } from '../core/room-versions.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { ingest } from './ingest.ts';
import { OWN, REDACTED, type Room, type StoredEvent } from './room.ts';
import { sendRedaction } from './send.ts';

/** How many events hold a text anywhere on disk. */
async function onDisk(db: Database, text: string): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from event where json like ${`%${text}%`}`))?.n ?? 0;
}

/** The fields of a redaction, where the room's version has them. */
function redacting(room: Room, redacts: EventId) {
  return room.version.redactsInContent ? { content: { redacts } } : { content: {}, extra: { redacts } };
}

let transactions = 0;

function redact(parts: ReturnType<typeof roomsOn>, room: Room, target: StoredEvent) {
  const key = { userNid: 0, deviceId: '', scope: 'redact', txnId: String(transactions++) };
  const draft = { type: 'm.room.redaction', sender: ALICE, content: { reason: 'r' }, redacts: target.event.id };
  return sendRedaction(parts, room, draft, key);
}

onEachDatabase('what is redacted is gone from memory and disk, in every room version', async db => {
  const parts = roomsOn(db);
  for (const { id: version } of knownRoomVersions) {
    const room = await newRoom(parts, { version });
    const target = await say(parts, room, ALICE, `secret in ${version}.`);
    assert.equal(await onDisk(db, `secret in ${version}.`), 1);
    await redact(parts, room, target);
    const after = await parts.events.byId(db, target.event.id);
    assert.deepEqual([after?.event.content, after?.flags], [{}, REDACTED | OWN], version);
    assert.equal(await onDisk(db, `secret in ${version}.`), 0);
  }
});

onEachDatabase('a redacted relation counts no more, and redacted state keeps what protects the room', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const id = await setState(parts, room, ALICE, 'm.room.join_rules', { join_rule: 'knock', secret: 'plan' });
  const rules = await parts.events.byId(db, id);
  if (rules === undefined) throw new RangeError('not stored');
  await redact(parts, room, rules);
  assert.deepEqual(await stateContent(parts, room, 'm.room.join_rules'), { join_rule: 'knock' });
});

onEachDatabase('a redaction that comes before its event strips it when it comes', async db => {
  const parts = roomsOn(db);
  for (const version of ['2', '6', '12']) {
    const room = await newRoom(parts, { version });
    await joinFrom(parts, room, DORA);
    const late = await remoteEvent(parts, room, {
      sender: DORA,
      content: { msgtype: 'm.text', body: `late ${version}.` },
    });
    await accepted(parts, room, { type: 'm.room.redaction', sender: DORA, ...redacting(room, late.id) });
    const { stored } = await db.tx(tx => ingest(parts, tx, room, late));
    assert.deepEqual((await parts.events.byId(db, late.id))?.event.content, {}, version);
    assert.deepEqual((await parts.events.byNid(db, stored.nid))?.event.content, {}, 'not from the cache either');
    assert.equal(await onDisk(db, `late ${version}.`), 0);
  }
});

onEachDatabase('who may redact everything may redact what has not come here yet, and nobody else', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  await joinAll(parts, room, [BOB]);
  const late = await remoteEvent(parts, room, { sender: DORA, content: { msgtype: 'm.text', body: 'vile.' } });
  const draft = { type: 'm.room.redaction', content: { redacts: late.id }, redacts: late.id };
  await assert.rejects(sendRedaction(parts, room, { ...draft, sender: BOB }, undefined), { errcode: 'M_NOT_FOUND' });
  await sendRedaction(parts, room, { ...draft, sender: ALICE }, undefined);
  await db.tx(tx => ingest(parts, tx, room, late));
  assert.deepEqual((await parts.events.byId(db, late.id))?.event.content, {});
});

onEachDatabase('redactions without the right to them, or from another room, take nothing away', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const other = await newRoom(parts, { powerLevelOverride: { users_default: 100 } });
  await joinFrom(parts, room, DORA);
  await joinFrom(parts, other, DORA);
  const target = await say(parts, room, ALICE, 'stays');
  for (const where of [room, other]) {
    await accepted(parts, where, { type: 'm.room.redaction', sender: DORA, ...redacting(where, target.event.id) });
  }
  assert.equal((await parts.events.byId(db, target.event.id))?.event.content.body, 'stays');
  // Her own words she may take back, and so may others of her server: the rules look at servers.
  await joinFrom(parts, room, EMIL);
  for (const sender of [DORA, EMIL]) {
    const own = await accepted(parts, room, { sender: DORA, content: { body: 'hers' } });
    await accepted(parts, room, { type: 'm.room.redaction', sender, ...redacting(room, own.event.id) });
    assert.deepEqual((await parts.events.byId(db, own.event.id))?.event.content, {});
  }
});
