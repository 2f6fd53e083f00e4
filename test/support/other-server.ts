import type { TestContext } from 'node:test';
import { authTypesFor } from '../../src/core/auth/auth-types.ts';
import type { Event } from '../../src/core/event.ts';
import type { EventId, ServerName, UserId } from '../../src/core/ids.ts';
import type { Json } from '../../src/core/json.ts';
import { make } from '../../src/rooms/append.ts';
import { enterRoom } from '../../src/rooms/enter-room.ts';
import { extremities } from '../../src/rooms/extremities.table.ts';
import { ingest } from '../../src/rooms/ingest.ts';
import { storeOutliers } from '../../src/rooms/outliers.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';
import { roomHead } from '../../src/rooms/rooms.table.ts';
import { stateOfEvents } from '../../src/rooms/state-of-events.ts';
import { openSqlite } from './databases.ts';
import { roomsOn } from './rooms.ts';

/** The rooms of another server, on a database of its own that lives as long as the test. */
export async function otherServer(t: TestContext, serverName: ServerName): Promise<RoomsParts> {
  const opened = await openSqlite();
  t.after(() => opened[Symbol.asyncDispose]());
  return roomsOn(opened.db, serverName);
}

/** A join of a user of `here` into a room of `there`, as it stands before `there` has taken it in. */
export function joinEvent(here: RoomsParts, there: RoomsParts, room: Room, user: UserId): Promise<Event> {
  return memberEvent(here, there, room, { sender: user, target: user, membership: 'join' });
}

/** A membership made by `here` in a room that `there` knows. */
export async function memberEvent(
  here: RoomsParts,
  there: RoomsParts,
  room: Room,
  { sender, target, membership }: { readonly sender: UserId; readonly target: UserId; readonly membership: string },
): Promise<Event> {
  const { state_root: root } = await roomHead(there.db, room.nid);
  const subject = { type: 'm.room.member', sender, stateKey: target, content: { membership } };
  const auth = await there.state.events(there.db, room, root, authTypesFor(subject, room.version));
  const prev = [...(await there.events.byNids(there.db, await extremities(there.db, room.nid))).values()];
  const refer = (ids: readonly EventId[]): Json[] =>
    ids.map(id => (room.version.referencesArePairs ? [id, { sha256: 'unused' }] : id));
  return make(here, room.version, {
    type: subject.type,
    sender,
    state_key: target,
    content: subject.content,
    room_id: room.roomId,
    prev_events: refer(prev.map(({ event }) => event.id)),
    auth_events: refer(auth.map(({ event }) => event.id)),
    depth: Math.max(...prev.map(({ event }) => event.depth)) + 1,
    origin_server_ts: here.clock.now(),
  });
}

/** `here` comes into a room of `there` with a user of its own; `there` has still to take the join in. */
export async function comeInto(
  here: RoomsParts,
  there: RoomsParts,
  room: Room,
  user: UserId,
): Promise<{ readonly room: Room; readonly event: Event; readonly state: readonly Event[] }> {
  const state = await wholeState(there, room);
  const event = await joinEvent(here, there, room, user);
  const own = await here.db.tx(async tx => {
    const found = await here.rooms.findOrCreate(tx, room.roomId, room.version);
    await storeOutliers(here, tx, found, state);
    const ids = state.map(({ id }) => id);
    await enterRoom(here, tx, found, event, await stateOfEvents(here, tx, found, ids));
    return found;
  });
  return { room: own, event, state };
}

/** All events of a room's current state, those that authorise others first. */
export async function wholeState(parts: RoomsParts, room: Room): Promise<Event[]> {
  const { state_root: root } = await roomHead(parts.db, room.nid);
  const events: Event[] = [];
  for await (const { event } of parts.state.all(parts.db, room, root)) events.push(event);
  return events.sort((a, b) => a.depth - b.depth);
}

/** A message of a room's creator that builds on one event, wherever that stands. */
export async function branch(parts: RoomsParts, room: Room, prev: StoredEvent, body: string): Promise<StoredEvent> {
  const { sender } = prev.event;
  const subject = { type: 'm.room.message', sender, content: { body }, stateKey: undefined };
  const auth = await parts.state.events(parts.db, room, prev.stateAfter, authTypesFor(subject, room.version));
  const event = make(parts, room.version, {
    type: subject.type,
    sender,
    content: subject.content,
    room_id: room.roomId,
    prev_events: [prev.event.id],
    auth_events: auth.map(stored => stored.event.id),
    depth: prev.event.depth + 1,
    origin_server_ts: parts.clock.now(),
  });
  return (await parts.db.tx(tx => ingest(parts, tx, room, event))).stored;
}
