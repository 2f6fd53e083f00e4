import type { Tx } from '../db/database.ts';
import { setStateAfter } from './events.table.ts';
import { judgeByState, toldBy } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import type { Root } from './state-tree/state-trees.ts';
import type { Difference } from './state-tree/tree-types.ts';

/** An event that was missing, with what its place gave it. */
export type Filling = Pick<StoredEvent, 'nid' | 'event' | 'replacesNid' | 'stateAfter'>;

/** The room's extremities that do not come from the event, and its state as it follows from them. */
export interface Tips {
  readonly tips: readonly number[];
  readonly root: Root;
}

/** More that is different than could have been overlooked: then the states are of two kinds. */
const MOST_LATE = 200;
const LONGEST_CHAIN = 20;

/**
 * What builds on a missing event was taken in with a state that others told, or, where nobody could tell it, with the
 * room's own. That may lack what the missing ones did. So when the last of them has come, it is added to the state after
 * each extremity, where nothing stands or still what it replaced, and where it is allowed: what came later stays, and what
 * came beside it and won. Answers the room's state with it.
 */
export async function addOverlooked(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  filling: Filling,
  { tips, root }: Tips,
): Promise<Root> {
  for (const tip of (await parts.events.byNids(tx, tips)).values()) {
    const after = await withOverlooked(parts, tx, room, filling, tip.stateAfter);
    if (after === tip.stateAfter) continue;
    await setStateAfter(tx, tip.nid, after, tip.roomRoot);
    parts.events.forgetAtCommit(tx, [tip.nid]);
  }
  return withOverlooked(parts, tx, room, filling, root);
}

async function withOverlooked(parts: RoomsParts, tx: Tx, room: Room, filling: Filling, root: Root): Promise<Root> {
  const { trees } = parts;
  const isPartial = (each: Root) => trees.isPartial(tx, room.nid, each);
  if (root === filling.stateAfter || (await isPartial(root)) !== (await isPartial(filling.stateAfter))) return root;
  const all = await trees.diff(tx, room.nid, root, filling.stateAfter);
  const found = all.filter(({ after }) => after !== undefined);
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
  filling: Filling,
  found: readonly Difference[],
): Promise<(Pick<Difference, 'key' | 'before'> & { readonly late: Pick<Filling, 'nid' | 'event' | 'replacesNid'> })[]> {
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
  { replacesNid }: Pick<Filling, 'replacesNid'>,
  nid: number,
): Promise<boolean> {
  let before = replacesNid;
  for (let step = 0; before !== undefined && step < LONGEST_CHAIN; step++) {
    if (before === nid) return true;
    before = (await parts.events.byNid(tx, before))?.replacesNid;
  }
  return false;
}
