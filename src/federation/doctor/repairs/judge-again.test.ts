import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { HistoryWorld } from '../../../../test/support/history-world.ts';
import { DORA, EMIL, joinFrom, newest, receive, TWO } from '../../../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say, setState, stateContent } from '../../../../test/support/rooms.ts';
import type { EventId, UserId } from '../../../core/ids.ts';
import { sql } from '../../../db/sql.ts';
import { extremities } from '../../../rooms/extremities.table.ts';
import { ingest } from '../../../rooms/ingest.ts';
import { judgeAgain } from '../../../rooms/judge-again.ts';
import { ban } from '../../../rooms/membership.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { countUnjudged, forgetJudged } from '../../../rooms/refused-events.table.ts';
import { REJECTED, type Room, type StoredEvent } from '../../../rooms/room.ts';
import { treeKey } from '../../../rooms/state-tree/tree-key.ts';
import { judgeRoomAgain, judgeSharedAgain } from './judge-again.ts';
import { takeState } from './take-state.ts';

const LEVELS = 'm.room.power_levels';
const signal = new AbortController().signal;

/** A server forgets what an event changed: the state after it is what it was before. */
async function forget(parts: RoomsParts, room: Room, eventId: EventId): Promise<void> {
  const stored = await parts.events.byId(parts.db, eventId);
  const [old, fresh] = [stored?.stateBefore, stored?.stateAfter];
  assert.ok(old !== undefined && fresh !== undefined && old !== fresh);
  await parts.db.tx(async tx => {
    await tx.run(sql`update room set state_root = ${old} where nid = ${room.nid}`);
    await tx.run(sql`update event set state_after = ${old}, room_root = ${old} where nid = ${stored?.nid ?? 0}`);
    parts.events.forgetAtCommit(tx, [stored?.nid ?? 0]);
  });
}

/** It has that again. */
async function remember(parts: RoomsParts, room: Room, eventId: EventId): Promise<void> {
  const stored = await parts.events.byId(parts.db, eventId);
  assert.ok(stored?.event.stateKey !== undefined);
  const key = [stored.event.type, stored.event.stateKey] as const;
  await parts.db.tx(async tx => {
    const [type, name] = [
      await parts.nids.types.internOne(tx, key[0]),
      await parts.nids.stateKeys.internOne(tx, key[1]),
    ];
    const fresh = await parts.trees.apply(tx, room.nid, stored.stateAfter, [
      { key: treeKey(type, name), value: stored.nid },
    ]);
    await tx.run(sql`update room set state_root = ${fresh} where nid = ${room.nid}`);
    await tx.run(sql`update event set state_after = ${fresh}, room_root = ${fresh} where nid = ${stored.nid}`);
    parts.events.forgetAtCommit(tx, [stored.nid]);
  });
}

/**
 * Nobody but Dora may speak in a room of hers until she lets all. We lose that, and refuse what Emil says and names the
 * room; what Dora says on top of it we take in.
 */
async function world(t: Parameters<typeof HistoryWorld.start>[0], db: Parameters<typeof HistoryWorld.start>[1]) {
  const started = await HistoryWorld.start(t, db);
  const { here, there, told } = started;
  const remote = await started.newRoom();
  await joinFrom(there, remote, EMIL);
  const users = { [DORA]: 100 };
  const room = await started.enter(remote);
  await setState(there, remote, DORA, LEVELS, { users, events_default: 50, state_default: 50 });
  await started.send([await newest(there, remote)]);
  const opened = await setState(there, remote, DORA, LEVELS, { users, events_default: 0, state_default: 0 });
  await started.send([await newest(there, remote)]);
  await forget(here, room, opened as EventId);
  const sent: StoredEvent[] = [];
  const send = async (event: StoredEvent) => {
    await started.send([event]);
    sent.push(event);
    return event;
  };
  const name = async (to: string) => {
    await setState(there, remote, EMIL, 'm.room.name', { name: to });
    return send(await newest(there, remote));
  };
  const speak = async (user: UserId, body: string) => send(await say(there, remote, user, body));
  const shown = async () => {
    const bodies = await started.readBack(room);
    return bodies.filter(body => body.startsWith('emil') || body.startsWith('dora') || body === 'm.room.name');
  };
  return { started, here, there, told, remote, room, speak, name, shown, opened: opened as EventId };
}

onEachDatabase('what a lost state made us refuse is shown once that is taken in', async (db, t) => {
  const { here, told, room, speak, name, shown } = await world(t, db);
  await speak(EMIL, 'emil 1');
  await speak(EMIL, 'emil 2');
  await name('called by Emil');
  await speak(DORA, 'dora 1');
  await speak(EMIL, 'emil 3');
  await speak(DORA, 'dora 2');
  assert.deepEqual(await shown(), ['dora 1', 'dora 2']);
  const lines = await takeState(told, TWO, room.roomId, signal);
  assert.match(lines.join('\n'), /4 events that we refused are shown now, 0 still refused$/);
  assert.deepEqual((await shown()).toSorted(), ['dora 1', 'dora 2', 'emil 1', 'emil 2', 'emil 3', 'm.room.name']);
  assert.deepEqual(await stateContent(here, room, 'm.room.name'), { name: 'called by Emil' });
  assert.equal((await extremities(db, room.nid)).length, 1);
  // What comes now joins on.
  await speak(EMIL, 'emil 4');
  assert.ok((await shown()).includes('emil 4'));
});

onEachDatabase('by the state that we have they are judged again once, and anew after that was wrong', async (db, t) => {
  const { here, told, remote, room, speak, shown, opened } = await world(t, db);
  await speak(EMIL, 'emil 1');
  await speak(EMIL, 'emil 2');
  const own = (await here.nids.domains.findOne(db, here.serverName)) ?? 0;
  assert.equal(await countUnjudged(db, room.nid, own), 2);
  // It is still wrong, and nobody is asked: nothing of the room changes.
  const lines = await judgeSharedAgain(told, TWO, signal);
  assert.deepEqual(lines, [`${room.roomId}: 0 events that we refused are shown now, 2 still refused`]);
  assert.deepEqual(await judgeSharedAgain(told, TWO, signal), ['nothing that was refused is left to be judged again']);
  assert.deepEqual(await shown(), []);
  await remember(here, room, opened);
  await db.tx(tx => forgetJudged(tx, room.nid));
  const anew = await judgeSharedAgain(told, TWO, signal);
  assert.deepEqual(anew, [`${room.roomId}: 2 events that we refused are shown now, 0 still refused`]);
  assert.deepEqual(await shown(), ['emil 1', 'emil 2'], `as in ${remote.roomId} there`);
  assert.equal(await countUnjudged(db, room.nid, own), 0);
});

onEachDatabase('judging goes on where it ended early, and one at a time', async (db, t) => {
  const { told, room, speak, shown } = await world(t, db);
  for (let i = 0; i < 3; i++) await speak(EMIL, `emil ${i}`);
  const stop = new AbortController();
  stop.abort();
  const lines = await takeState(told, TWO, room.roomId, stop.signal);
  assert.match(
    lines.join('\n'),
    /0 events that we refused are shown now, 0 still refused; more are left: do it again$/,
  );
  assert.deepEqual(await shown(), []);
  const rest = await takeState(told, TWO, room.roomId, signal);
  assert.match(rest.join('\n'), /^nothing to take: the states are the same\n.*3 events that we refused are shown now/);
  assert.deepEqual(await shown(), ['emil 0', 'emil 1', 'emil 2']);
  assert.deepEqual(await takeState(told, TWO, room.roomId, signal), ['nothing to take: the states are the same']);
});

onEachDatabase('what the rules forbid stays refused, whatever a server says of the state', async (db, t) => {
  const { here, there, told, remote, room, started } = await world(t, db);
  const before = await newest(there, remote);
  await ban(there, remote, { sender: DORA }, EMIL);
  await started.send([await newest(there, remote)]);
  // Emil goes on on a fork of before the ban, and his server says that this is the state.
  const late = await receive(there, remote, { sender: EMIL, prev: [before], content: { body: 'emil, banned' } });
  assert.equal((await db.tx(tx => ingest(here, tx, room, late.stored.event))).outcome, 'rejected');
  const lines = await judgeRoomAgain(told, room, TWO, signal);
  assert.deepEqual(lines, [`${room.roomId}: 0 events that we refused are shown now, 1 still refused`]);
  const stored = await here.events.byId(db, late.stored.event.id);
  assert.equal(stored?.pos, undefined);
});

onEachDatabase('an event is never accepted against its own auth events', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const before = await newest(parts, room);
  await ban(parts, room, { sender: ALICE }, DORA);
  const { stored, outcome } = await receive(parts, room, { sender: DORA });
  assert.equal(outcome, 'rejected');
  // By a state of before the ban it would be allowed; its auth events name the ban.
  const anew = { stateBefore: before.stateAfter, isBuiltOn: false };
  const again = await db.tx(tx => judgeAgain(parts, tx, room, stored, anew));
  assert.equal(again.outcome, 'rejected');
  assert.equal((await parts.events.byId(db, stored.event.id))?.flags, REJECTED);
});

onEachDatabase('what was accepted is not judged again, nor is what the room forbids by now on a fork', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const fork = await newest(parts, room);
  const fine = await say(parts, room, ALICE, 'fine');
  const anew = { stateBefore: fork.stateAfter, isBuiltOn: false };
  assert.equal((await db.tx(tx => judgeAgain(parts, tx, room, fine, anew))).outcome, 'known');
  await ban(parts, room, { sender: ALICE }, DORA);
  const { stored, outcome } = await receive(parts, room, { sender: DORA, prev: [fork] });
  assert.equal(outcome, 'soft-failed');
  assert.equal((await db.tx(tx => judgeAgain(parts, tx, room, stored, anew))).outcome, 'soft-failed');
  assert.equal((await db.tx(tx => ingest(parts, tx, room, stored.event))).outcome, 'known');
});
