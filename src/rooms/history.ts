import type { Event } from '../core/event.ts';
import { canonicalText, contentHashMatches } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { addBackwardExtremities, moveGap, removeBackwardExtremities } from './backward-extremities.table.ts';
import { insertEvent, positionBelow, promoteEvent, setStateAfter } from './events.table.ts';
import { closeHole } from './extremities.table.ts';
import type { Outcome } from './ingest.ts';
import { judge } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import { applyRedactions } from './redactions.ts';
import { recordRelation } from './relations.table.ts';
import { resolveRoots } from './resolve.ts';
import { OUTLIER, REJECTED, type Room, type StoredEvent } from './room.ts';
import { lockRoom } from './rooms.table.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

/**
 * Makes place for events right below a gap in a room's history, which begins below them from then on. Answers the first
 * of the positions; undefined when so many do not fit between the gap and what is known below it.
 */
export async function makePlace(tx: Tx, room: Room, gapPos: number, count: number): Promise<number | undefined> {
  await lockRoom(tx, room.nid);
  const below = await positionBelow(tx, room.nid, gapPos);
  const first = gapPos - count;
  if (below !== undefined && first <= below) return undefined;
  await moveGap(tx, room.nid, gapPos, first);
  return first;
}

export interface HistoryPlace {
  /** The position of the first event; each of the others has the next. */
  readonly first: number;
  /** What they build on and is not known is missing right below this position. */
  readonly gapPos: number;
  /** The state before those whose prev_events are not all known. Without it such an event is left out. */
  readonly statesBefore: ReadonlyMap<EventId, Root>;
}

/**
 * Takes in events of a room from before its history that we have (backfill), each after those that it builds on, at
 * positions that were made for them. They are in no sync and notify nobody; the room's state stays what it is.
 */
export async function ingestHistory(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  events: readonly Event[],
  { first, gapPos, statesBefore }: HistoryPlace,
): Promise<ReadonlyMap<EventId, Outcome | 'left out'>> {
  await lockRoom(tx, room.nid);
  const outcomes = new Map<EventId, Outcome | 'left out'>();
  const fresh = new Map<EventId, StoredEvent>();
  for (const [at, event] of events.entries()) {
    const place = { pos: first + at, gapPos, stateBefore: statesBefore.get(event.id), fresh };
    outcomes.set(event.id, await ingestOlder(parts, tx, room, event, place));
  }
  return outcomes;
}

interface OlderPlace {
  readonly pos: number;
  readonly gapPos: number;
  readonly stateBefore: Root | undefined;
  /** What got its place in the same transaction: the cache has some of it as outliers until the commit. */
  readonly fresh: Map<EventId, StoredEvent>;
}

async function ingestOlder(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  given: Event,
  { stateBefore, pos, gapPos, fresh }: OlderPlace,
): Promise<Outcome | 'left out'> {
  const event = await fullest(parts, tx, given);
  const known = await parts.events.byId(tx, event.id);
  if (known !== undefined && known.roomNid !== room.nid) return 'rejected';
  if (known !== undefined && (known.flags & OUTLIER) === 0) {
    await foundInHistory(tx, room, event.id);
    return 'known';
  }
  const placed = await placedEvents(parts, tx, room, event.prevIds);
  const previous = new Map([...placed, ...event.prevIds.flatMap(id => entryOf(fresh, id))]);
  const unknown = event.prevIds.filter(id => !previous.has(id));
  const roots = [...previous.values()].map(stored => stored.stateAfter);
  const before = unknown.length > 0 ? stateBefore : await resolveRoots(parts, tx, room, roots);
  if (before === undefined) return 'left out';
  await foundInHistory(tx, room, event.id);
  await addBackwardExtremities(tx, room.nid, unknown, gapPos);
  const standing = { previous: previous.values(), before, now: before, isAwaited: true };
  const { outcome, reason } = await judge(parts, tx, room, event, standing);
  const accepted = outcome === 'accepted';
  const stored = await write(parts, tx, room, event, known, {
    pos: accepted ? pos : null,
    flags: accepted ? 0 : REJECTED,
    stateBefore: before,
    reason: accepted ? null : reason,
  });
  fresh.set(event.id, stored);
  if (!accepted) return 'rejected';
  const typeNid = await parts.nids.types.internOne(tx, event.type);
  const senderNid = await parts.nids.users.internOne(tx, event.sender);
  await recordRelation(tx, { ...stored, pos }, { senderNid, typeNid });
  await applyRedactions(parts, tx, room, stored);
  return 'accepted';
}

/** What lies at the edge of our history may be missing above it too, where something beside our join builds on it. */
async function foundInHistory(tx: Tx, room: Room, id: EventId): Promise<void> {
  await removeBackwardExtremities(tx, room.nid, [id]);
  await closeHole(tx, room.nid, id);
}

function entryOf<K, V>(map: ReadonlyMap<K, V>, key: K): [K, V][] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}

/** History may come redacted, and a state event that is known already may not be. */
async function fullest(parts: RoomsParts, tx: Tx, given: Event): Promise<Event> {
  const known = contentHashMatches(given.pdu, given.version, parts.crypto)
    ? undefined
    : await parts.events.byId(tx, given.id);
  return known?.event ?? given;
}

/** Those of some events that are known with their place in the room. */
export async function placedEvents(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  ids: readonly EventId[],
): Promise<Map<EventId, StoredEvent>> {
  const found = await parts.events.byIds(db, ids);
  return new Map([...found].filter(([, stored]) => stored.roomNid === room.nid && (stored.flags & OUTLIER) === 0));
}

interface Written {
  readonly pos: number | null;
  readonly flags: number;
  readonly stateBefore: Root;
  readonly reason: string | null;
}

async function write(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  outlier: StoredEvent | undefined,
  { pos, flags, stateBefore, reason }: Written,
): Promise<StoredEvent> {
  const { nids, state, trees } = parts;
  const typeNid = await nids.types.internOne(tx, event.type);
  const stateKeyNid = event.stateKey === undefined ? null : await nids.stateKeys.internOne(tx, event.stateKey);
  const [replacesNid] =
    event.stateKey === undefined
      ? []
      : await state.nidsAt(tx, room, [{ root: stateBefore, pair: [event.type, event.stateKey] }]);
  const row = {
    eventId: event.id,
    roomNid: room.nid,
    typeNid,
    stateKeyNid,
    senderNid: await nids.users.internOne(tx, event.sender),
    depth: event.depth,
    ts: event.ts,
    flags,
    pos,
    stateBefore,
    roomRoot: stateBefore,
    replacesNid: replacesNid ?? null,
    reason,
    json: canonicalText(event.pdu, event.version),
  };
  if (outlier !== undefined) await promoteEvent(tx, outlier.nid, row);
  const nid = outlier?.nid ?? (await insertEvent(tx, row));
  parts.events.forgetAtCommit(tx, [nid]);
  let stateAfter = stateBefore;
  if (stateKeyNid !== null && pos !== null) {
    stateAfter = await trees.apply(tx, room.nid, stateBefore, [{ key: treeKey(typeNid, stateKeyNid), value: nid }]);
    await setStateAfter(tx, nid, stateAfter, stateAfter);
  }
  return {
    nid,
    roomNid: room.nid,
    pos: pos ?? undefined,
    flags,
    stateBefore,
    stateAfter,
    roomRoot: stateAfter,
    replacesNid,
    event,
  };
}
