import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, EMIL, joinFrom, remoteEvent } from '../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say, timelineOf, viewOf } from '../../test/support/rooms.ts';
import type { EventId } from '../core/ids.ts';
import { getObject, type JsonObject } from '../core/json.ts';
import { knownRoomVersions } from '../core/room-versions.ts';
import { clientEvents } from './client-event.ts';
import { ingest } from './ingest.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { sendRedaction } from './send.ts';
import { visibleEvents } from './visibility.ts';

/** A redaction's fields, where the room's version has them. */
function redacting(room: Room, redacts: EventId) {
  const fields = room.version.redactsInContent ? { content: { redacts } } : { content: {}, extra: { redacts } };
  return { type: 'm.room.redaction', ...fields };
}

/** What Bob is shown of a room, by event ID. */
async function shown(parts: RoomsParts, room: Room): Promise<Map<unknown, JsonObject>> {
  const view = await viewOf(parts, BOB);
  const seen = await visibleEvents(parts, parts.db, room, view, await timelineOf(parts, room));
  const events = await clientEvents(parts, parts.db, room, view, seen);
  return new Map(events.map(event => [event.event_id, event]));
}

async function start(parts: RoomsParts, version: string): Promise<Room> {
  const room = await newRoom(parts, { version });
  await joinAll(parts, room, [BOB]);
  await joinFrom(parts, room, DORA);
  return room;
}

onEachDatabase('clients are not told of redactions without the right to them', async db => {
  const parts = roomsOn(db);
  const other = await start(parts, '10');
  const elsewhere = await say(parts, other, ALICE, 'elsewhere');
  for (const { id: version } of knownRoomVersions.filter(({ redactionRule }) => !redactionRule)) {
    const room = await start(parts, version);
    const target = await say(parts, room, ALICE, 'stays');
    const vain = await accepted(parts, room, { sender: DORA, ...redacting(room, target.event.id) });
    const abroad = await accepted(parts, room, { sender: DORA, ...redacting(room, elsewhere.event.id) });
    // Some clients look for the event in both places, of which the room version has one.
    const misplaced = { type: 'm.room.redaction', content: {}, extra: { redacts: target.event.id } };
    const wrong = room.version.redactsInContent ? misplaced : { ...misplaced, content: misplaced.extra, extra: {} };
    const unclear = await accepted(parts, room, { sender: DORA, ...wrong });
    const before = await shown(parts, room);
    for (const { event } of [vain, abroad, unclear]) assert.ok(!before.has(event.id), version);
    assert.deepEqual(getObject(before.get(target.event.id) ?? {}, 'content')?.body, 'stays');
    // From version 11 on one that is redacted itself goes on naming the event.
    await accepted(parts, room, { sender: DORA, ...redacting(room, vain.event.id) });
    const named = JSON.stringify((await shown(parts, room)).get(vain.event.id) ?? {});
    assert.ok(!named.includes(target.event.id), version);
    const draft = { type: 'm.room.redaction', sender: ALICE, content: {}, redacts: target.event.id };
    const id = await sendRedaction(parts, room, draft, undefined);
    const after = await shown(parts, room);
    const because = getObject(getObject(after.get(target.event.id) ?? {}, 'unsigned') ?? {}, 'redacted_because');
    assert.deepEqual([because?.event_id, because?.sender], [id, ALICE], 'and not the one that had no right to it');
    assert.ok(after.has(id));
  }
});

onEachDatabase('a redaction is shown once its event is there', async db => {
  const parts = roomsOn(db);
  for (const version of ['2', '3', '10', '11', '12']) {
    const room = await start(parts, version);
    await joinFrom(parts, room, EMIL);
    const late = await remoteEvent(parts, room, { sender: DORA, content: { body: 'late' } });
    const early = await accepted(parts, room, { sender: EMIL, ...redacting(room, late.id) });
    assert.equal((await shown(parts, room)).has(early.event.id), version === '2', version);
    await db.tx(tx => ingest(parts, tx, room, late));
    const after = await shown(parts, room);
    assert.ok(after.has(early.event.id) && after.has(late.id));
    assert.deepEqual(after.get(late.id)?.content, {});
    // Who may redact everything is heeded all the same.
    const missing = await remoteEvent(parts, room, { sender: DORA, content: { body: 'never' } });
    const draft = { type: 'm.room.redaction', sender: ALICE, content: {}, redacts: missing.id };
    const id = await sendRedaction(parts, room, draft, undefined);
    assert.ok((await shown(parts, room)).has(id));
  }
});
