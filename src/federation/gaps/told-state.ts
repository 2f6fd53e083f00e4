import type { EventId, ServerName } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { storedIds } from '../../rooms/events.table.ts';
import { storeOutliers } from '../../rooms/outliers.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { resolveRoots } from '../../rooms/resolve.ts';
import type { Room } from '../../rooms/room.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { stateOfEvents } from '../../rooms/state-of-events.ts';
import type { Root } from '../../rooms/state-tree/state-trees.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { type CheckedEvents, readPdu } from '../events/checked-events.ts';
import { sortedByAuth } from './event-order.ts';
import { IncompleteStateError } from './peer-error.ts';
import type { PeerEvents } from './peer-events.ts';

export interface ToldStateParts {
  readonly rooms: RoomsParts;
  readonly peers: PeerEvents;
  readonly checked: CheckedEvents;
}

/** Events that are checked and stored together. */
const BATCH = 100;
/** Up to so many are asked for one by one; of more the whole state is taken again. */
const MOST_SINGLE = 40;
const SIDE_BY_SIDE = 5;
/** Of the auth chain of one event: two seconds of checking signatures. Those of old and large rooms have a few thousand. */
const MOST_OF_A_CHAIN = 20_000;

/**
 * The state before an event as another server tells it, stored here: what is not known is fetched, checked and kept
 * without a place in the room (server-server API, `GET /state_ids`, `GET /state`).
 *
 * @throws UnreachableError, RefusedError, IncompleteStateError
 */
export async function toldState(
  parts: ToldStateParts,
  room: Room,
  eventId: EventId,
  server: ServerName,
  known: readonly Root[],
  { isLenient = false }: { readonly isLenient?: boolean } = {},
): Promise<Root> {
  const { rooms, peers } = parts;
  const { state, authChain } = await peers.stateIds(server, room.roomId, eventId);
  const all = [...new Set([...state, ...authChain])];
  let missing = await unknown(parts, all);
  if (missing.length > MOST_SINGLE) {
    await storeAll(parts, room, peers.state(server, room.roomId, eventId));
    missing = await unknown(parts, missing);
  }
  if (missing.length > 0) {
    await fetchSingle(parts, room, server, missing.slice(0, MOST_SINGLE * 2));
    missing = await unknown(parts, missing);
  }
  if (missing.length > 0 && !isLenient) throw new IncompleteStateError(missing.length);
  return writeRoom(rooms, room, async tx => {
    const { state_root: near } = await roomHead(tx, room.nid);
    const told = await stateOfEvents(rooms, tx, room, state, { near });
    return resolveRoots(rooms, tx, room, [told, ...known]);
  });
}

/** Fetches the auth chain of an event and stores what is not known of it. */
export async function fetchAuthChain(
  parts: ToldStateParts,
  room: Room,
  eventId: EventId,
  server: ServerName,
): Promise<void> {
  await storeAll(parts, room, first(MOST_OF_A_CHAIN, parts.peers.authChain(server, room.roomId, eventId)));
}

async function* first<T>(count: number, all: AsyncIterable<T>): AsyncGenerator<T, void> {
  let left = count;
  for await (const each of all) {
    if (left-- <= 0) return;
    yield each;
  }
}

/** Fetches single events as parts of a state; those that cannot be had are left out. */
export async function fetchSingle(
  parts: ToldStateParts,
  room: Room,
  server: ServerName,
  ids: readonly EventId[],
): Promise<void> {
  const found: Json[] = [];
  for (let at = 0; at < ids.length; at += SIDE_BY_SIDE) {
    const some = ids.slice(at, at + SIDE_BY_SIDE);
    for (const answer of await Promise.allSettled(some.map(id => parts.peers.event(server, id))))
      if (answer.status === 'fulfilled' && answer.value !== undefined) found.push(answer.value);
  }
  await storeAll(parts, room, found);
}

/** Which of some events are not stored in any way. */
async function unknown({ rooms }: ToldStateParts, ids: readonly EventId[]): Promise<EventId[]> {
  const stored = await storedIds(rooms.db, ids);
  return ids.filter(id => !stored.has(id));
}

/**
 * Checks and stores events without a place. They may come in any order: what stands before those that authorise it is
 * kept until these have come, up to a bound.
 */
async function storeAll(parts: ToldStateParts, room: Room, pdus: AsyncIterable<Json> | Iterable<Json>): Promise<void> {
  let waiting: Json[] = [];
  let batch: Json[] = [];
  for await (const pdu of pdus) {
    batch.push(pdu);
    if (batch.length < BATCH) continue;
    waiting = [...waiting, ...(await storeBatch(parts, room, batch))].slice(-MOST_WAITING);
    batch = [];
  }
  waiting = [...waiting, ...(await storeBatch(parts, room, batch))];
  // Each round stores at least one more, or ends it.
  for (let before = waiting.length + 1; waiting.length > 0 && waiting.length < before; ) {
    before = waiting.length;
    const rest: Json[] = [];
    for (let at = 0; at < waiting.length; at += BATCH)
      rest.push(...(await storeBatch(parts, room, waiting.slice(at, at + BATCH))));
    waiting = rest;
  }
}

/** Events without those that authorise them that are kept: a few megabytes. */
const MOST_WAITING = 2000;

/** Answers those whose auth events are not known yet. */
async function storeBatch({ rooms, checked }: ToldStateParts, room: Room, pdus: readonly Json[]): Promise<Json[]> {
  const events = pdus.map(pdu => readPdu(pdu, room.version, rooms.crypto));
  const read = events.flatMap((event, at) =>
    event instanceof Error || event.roomId !== room.roomId ? [] : [{ event, pdu: pdus[at]! }],
  );
  const stored = await storedIds(
    rooms.db,
    read.map(({ event }) => event.id),
  );
  const fresh = read.filter(({ event }) => !stored.has(event.id));
  if (fresh.length === 0) return [];
  const verdicts = await checked.verify(fresh.map(({ event }) => event));
  const good = fresh.filter((_, at) => verdicts[at]?.outcome === 'good');
  const sorted = sortedByAuth(good.map(({ event }) => event));
  const outcomes = await writeRoom(rooms, room, tx => storeOutliers(rooms, tx, room, sorted));
  return good.flatMap(({ event, pdu }) => (outcomes.get(event.id) === 'unjudged' ? [pdu] : []));
}
