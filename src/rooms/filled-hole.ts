import type { Tx } from '../db/database.ts';
import { setStateAfter } from './events.table.ts';
import { redoGuess } from './guessed-state.ts';
import { judgeByState, toldBy } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import { GUESSED, type Room, type StoredEvent } from './room.ts';
import type { Root } from './state-tree/state-trees.ts';
import type { Difference } from './state-tree/tree-types.ts';

/** An event, with what its place gave it. */
export type Arrived = Pick<StoredEvent, 'nid' | 'event' | 'replacesNid' | 'stateAfter'>;

/** One that was missing, with the number of the event that builds on it. */
export type Filling = Arrived & { readonly wantedBy: number };

/** The room's extremities that do not come from the event, and its state as it follows from them. */
export interface Tips {
  readonly tips: readonly number[];
  readonly root: Root;
}

/** More that is different than could have been overlooked: then the states are of two kinds. */
const MOST_LATE = 200;
const LONGEST_CHAIN = 20;
/** Events that are looked at on the way from an extremity back to the event. */
const LONGEST_WAY = 300;

/**
 * What builds on a missing event was taken in with the state that others told, or, where nobody could tell it, with the
 * room's own (`GUESSED`). That lacks what the missing ones did. So when all of them have come, the states from there on are
 * worked out anew. As long as that cannot be done, what each did is added to the state after each extremity that comes from
 * there, where nothing stands or still what it replaced, and where it is allowed: what came later stays, and what came beside
 * it and won. Answers the room's state with it.
 */
export async function addOverlooked(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  filling: Filling,
  { tips, root }: Tips,
): Promise<Root> {
  const wanting = await parts.events.byNid(tx, filling.wantedBy);
  if (wanting === undefined || (wanting.flags & GUESSED) === 0) return root;
  const events = [...(await parts.events.byNids(tx, tips)).values()];
  const redone = await redoGuess(parts, tx, room, { guessed: wanting, filling, tips: events });
  if (redone !== undefined) return redone;
  let now = root;
  for (const tip of events) {
    if (await comesFrom(parts, tx, tip, wanting)) now = await addTo(parts, tx, room, filling, { tip, now });
  }
  return now;
}

/**
 * An event that was refused wrongly, and that others were judged without which came after it: what it does is added to the
 * state after the extremities in the same way. Answers the room's state with it.
 */
export async function addRefused(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  filling: Arrived,
  { tips, root }: Tips,
): Promise<Root> {
  if (filling.event.stateKey === undefined) return root;
  const refused = await parts.events.byNid(tx, filling.nid);
  if (refused === undefined) return root;
  let now = root;
  for (const tip of (await parts.events.byNids(tx, tips)).values()) {
    if (await comesFrom(parts, tx, tip, refused))
      now = await addTo(parts, tx, room, filling, { tip, now, only: filling.nid });
  }
  return now;
}

/** Adds what was overlooked to the state after an extremity. Answers the room's state with it. `only`: nothing but that event. */
async function addTo(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  filling: Arrived,
  { tip, now, only }: { readonly tip: StoredEvent; readonly now: Root; readonly only?: number },
): Promise<Root> {
  const after = await withOverlooked(parts, tx, room, filling, tip.stateAfter, only);
  if (after === tip.stateAfter) return now;
  await setStateAfter(tx, tip.nid, after, tip.roomRoot);
  parts.events.forgetAtCommit(tx, [tip.nid]);
  return withOverlooked(parts, tx, room, filling, now, only);
}

/** Whether one event builds on another, by way of others that are not too many. */
async function comesFrom(parts: RoomsParts, tx: Tx, tip: StoredEvent, from: StoredEvent): Promise<boolean> {
  const seen = new Set<number>();
  let level = [tip];
  while (level.length > 0 && seen.size < LONGEST_WAY) {
    if (level.some(each => each.nid === from.nid)) return true;
    const fresh = level.filter(each => !seen.has(each.nid) && each.event.depth > from.event.depth);
    for (const each of fresh) seen.add(each.nid);
    const before = await parts.events.byIds(tx, new Set(fresh.flatMap(each => each.event.prevIds)));
    level = [...before.values()];
  }
  return false;
}

async function withOverlooked(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  filling: Arrived,
  root: Root,
  only?: number,
): Promise<Root> {
  const { trees } = parts;
  const isPartial = (each: Root) => trees.isPartial(tx, room.nid, each);
  if (root === filling.stateAfter || (await isPartial(root)) !== (await isPartial(filling.stateAfter))) return root;
  const all = await trees.diff(tx, room.nid, root, filling.stateAfter);
  const found = all.filter(({ after }) => after !== undefined && (only === undefined || after === only));
  if (found.length === 0 || found.length > MOST_LATE) return root;
  let now = root;
  for (const { key, before, late } of await inOrder(parts, tx, filling, found)) {
    if (before !== undefined && !(await replaces(parts, tx, late, before))) continue;
    const verdict = await judgeByState(parts, tx, room, late.event, now, await toldBy(parts, tx, late.event));
    if (verdict.ok) now = await trees.apply(tx, room.nid, now, [{ key, value: late.nid }]);
  }
  return now;
}

/** The events that one state has and another does not, those first that the others build on. */
async function inOrder(
  parts: RoomsParts,
  tx: Tx,
  filling: Arrived,
  found: readonly Difference[],
): Promise<(Pick<Difference, 'key' | 'before'> & { readonly late: Pick<Arrived, 'nid' | 'event' | 'replacesNid'> })[]> {
  const nids = found.flatMap(({ after }) => after ?? []);
  // The one that has just come is not yet as it will be.
  const events = await parts.events.byNids(
    tx,
    nids.filter(nid => nid !== filling.nid),
    false,
  );
  return found
    .flatMap(({ key, before, after = 0 }) => {
      const late = after === filling.nid ? filling : events.get(after);
      return late === undefined ? [] : [{ key, before, late }];
    })
    .sort((one, other) => one.late.event.depth - other.late.event.depth);
}

/** Whether a state event took the place of another, at once or by others between. */
async function replaces(
  parts: RoomsParts,
  tx: Tx,
  { replacesNid }: Pick<Arrived, 'replacesNid'>,
  nid: number,
): Promise<boolean> {
  let before = replacesNid;
  for (let step = 0; before !== undefined && step < LONGEST_CHAIN; step++) {
    if (before === nid) return true;
    before = (await parts.events.byNid(tx, before))?.replacesNid;
  }
  return false;
}
