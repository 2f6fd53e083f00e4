import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { setStates, unmarkEvent } from './events.table.ts';
import { MOST_MERGED } from './merge-tips.ts';
import type { RoomsParts } from './parts.ts';
import { forgetJudged } from './refused-events.table.ts';
import { resolveRoots } from './resolve.ts';
import { GUESSED, OUTLIER, REJECTED, type Room, type StoredEvent } from './room.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

/** The bus subject on which a room is told of, by its number, whose states were worked out anew. */
export const REDONE_SUBJECT = 'rooms.redone';

/** Events that are looked at on the way back to a guess: what is older is not asked about any more. */
const LONGEST_DOUBT = 100;
/** Events whose states are worked out anew. */
const MOST_REDONE = 300;
/** Of these, those where states meet that are not the same. */
const MOST_MERGES = 20;

/** Whether the state before an event comes from a guess (`GUESSED`), its own or that of one that it builds on. */
export async function stemsFromGuess(parts: RoomsParts, db: Queryable, event: StoredEvent): Promise<boolean> {
  const seen = new Set<EventId>();
  let level = [event];
  while (level.length > 0 && seen.size < LONGEST_DOUBT) {
    if (level.some(({ flags }) => (flags & GUESSED) !== 0)) return true;
    for (const each of level) seen.add(each.event.id);
    const before = new Set(level.flatMap(({ event }) => event.prevIds).filter(id => !seen.has(id)));
    level = [...(await parts.events.byIds(db, before)).values()];
  }
  return false;
}

export interface Redoing {
  /** The event whose state was guessed. */
  readonly guessed: StoredEvent;
  /** The one that was missing, which is not stored with its state yet. */
  readonly filling: Pick<StoredEvent, 'event' | 'stateAfter'>;
  /** The room's extremities. */
  readonly tips: readonly StoredEvent[];
}

interface States {
  readonly before: Root;
  readonly after: Root;
}

/**
 * Works out anew the states around an event that was judged by a guess, once all that it builds on is here, and around
 * everything that builds on it. Answers the room's state as it follows. Undefined, with nothing changed, where something
 * is still missing, members are not known yet, or it would be too much.
 */
export async function redoGuess(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { guessed, filling, tips }: Redoing,
): Promise<Root | undefined> {
  if (tips.length > MOST_MERGED) return undefined;
  const order = await buildingOn(parts, tx, tips, guessed);
  if (order === undefined) return undefined;
  const after = new Map<EventId, Root>([[filling.event.id, filling.stateAfter]]);
  const redone: (readonly [StoredEvent, States])[] = [];
  let merges = 0;
  for (const each of order) {
    const roots = await rootsBefore(parts, tx, each, after);
    if (roots === undefined && each === guessed) return undefined;
    if (roots === undefined) continue;
    if (new Set(roots).size > 1 && ++merges > MOST_MERGES) return undefined;
    for (const root of roots) if (await parts.trees.isPartial(tx, room.nid, root)) return undefined;
    const states = await statesAround(parts, tx, room, each, await resolveRoots(parts, tx, room, roots));
    after.set(each.event.id, states.after);
    if (states.before !== each.stateBefore || states.after !== each.stateAfter) redone.push([each, states]);
  }
  for (const [{ nid, roomRoot }, states] of redone) await setStates(tx, nid, { ...states, roomRoot });
  await unmarkEvent(tx, guessed.nid, GUESSED);
  await forgetJudged(tx, room.nid);
  tx.afterCommit(() => parts.bus.publish(REDONE_SUBJECT, String(room.nid)));
  parts.events.forgetAtCommit(tx, [guessed.nid, ...redone.map(([{ nid }]) => nid)]);
  return resolveRoots(
    parts,
    tx,
    room,
    tips.map(({ event, stateAfter }) => after.get(event.id) ?? stateAfter),
  );
}

/** The states after what an event builds on; undefined where some of that has no place here. */
async function rootsBefore(
  parts: RoomsParts,
  tx: Tx,
  { event, roomNid }: StoredEvent,
  after: ReadonlyMap<EventId, Root>,
): Promise<readonly Root[] | undefined> {
  const found = [...(await parts.events.byIds(tx, event.prevIds)).values()];
  const placed = found.filter(each => (each.flags & OUTLIER) === 0 && each.roomNid === roomNid);
  if (placed.length < new Set(event.prevIds).size) return undefined;
  return placed.map(each => after.get(each.event.id) ?? each.stateAfter);
}

async function statesAround(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { nid, event, flags }: StoredEvent,
  before: Root,
): Promise<States> {
  if (event.stateKey === undefined || (flags & REJECTED) !== 0) return { before, after: before };
  const typeNid = await parts.nids.types.internOne(tx, event.type);
  const stateKeyNid = await parts.nids.stateKeys.internOne(tx, event.stateKey);
  const change = { key: treeKey(typeNid, stateKeyNid), value: nid };
  return { before, after: await parts.trees.apply(tx, room.nid, before, [change]) };
}

/** An event and all that build on it, by way of which the extremities come from it: each after what it builds on. */
async function buildingOn(
  parts: RoomsParts,
  tx: Tx,
  tips: readonly StoredEvent[],
  from: StoredEvent,
): Promise<readonly StoredEvent[] | undefined> {
  const seen = new Map<EventId, StoredEvent>();
  let level = tips;
  while (level.length > 0) {
    const fresh = level.filter(
      ({ nid, event }) => !seen.has(event.id) && (nid === from.nid || event.depth > from.event.depth),
    );
    for (const each of fresh) seen.set(each.event.id, each);
    if (seen.size > MOST_REDONE) return undefined;
    const before = new Set(fresh.flatMap(({ nid, event }) => (nid === from.nid ? [] : event.prevIds)));
    level = [...(await parts.events.byIds(tx, before)).values()];
  }
  return inOrder(seen, from);
}

function inOrder(seen: ReadonlyMap<EventId, StoredEvent>, from: StoredEvent): readonly StoredEvent[] {
  const order = new Map<EventId, StoredEvent>([[from.event.id, from]]);
  const rest = new Map(seen);
  rest.delete(from.event.id);
  for (;;) {
    const ready = [...rest.values()].filter(({ event }) => event.prevIds.every(id => !rest.has(id)));
    if (ready.length === 0) return [...order.values()];
    for (const each of ready) {
      rest.delete(each.event.id);
      if (each.event.prevIds.some(id => order.has(id))) order.set(each.event.id, each);
    }
  }
}
