import type { Tx } from '../db/database.ts';
import { setJudgement, setStates, timelineForward } from './events.table.ts';
import { extremities } from './extremities.table.ts';
import { removeIncomplete } from './incomplete-rooms.table.ts';
import { WHOLE_SUBJECT } from './incomplete-rooms.ts';
import { judgeByState, toldBy } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import { resolveRoots } from './resolve.ts';
import { OUTLIER, REJECTED, type Room, SOFT_FAILED, type StoredEvent } from './room.ts';
import { recountDomains } from './room-domains.table.ts';
import { appendToLog, LOG_STATE } from './room-log.table.ts';
import { lockRoom, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

/** Events that are read together. */
const BATCH = 200;

/**
 * The state before our join, which we had without its members, is there as a whole: it takes the place of the one that we
 * had, and what came since is judged and built upon it anew, in its order. An event that is not allowed now has no
 * effect any more; it stays where clients have seen it. All of it is one transaction. Answers the servers, by number,
 * that counted as in the room and are not.
 */
export async function completeState(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  join: StoredEvent & { readonly pos: number },
  whole: Root,
): Promise<number[]> {
  const head = await lockRoom(tx, room.nid);
  const after = new Map<number, Root>();
  await replay(parts, tx, room, join, whole, after);
  for (let from = join.pos; ; ) {
    const rows = await timelineForward(tx, room.nid, { after: from, upTo: Number.MAX_SAFE_INTEGER }, BATCH);
    const events = await parts.events.byNids(
      tx,
      rows.map(row => row.nid),
    );
    for (const { nid } of rows) {
      const stored = events.get(nid);
      if (stored === undefined) continue;
      const before = await stateBefore(parts, tx, room, stored, whole, after);
      await replay(parts, tx, room, stored, before, after);
    }
    from = rows.at(-1)?.pos ?? from;
    if (rows.length < BATCH) break;
  }
  await moveHead(parts, tx, room, head.state_root, after);
  const gone = await recountDomains(tx, room.nid);
  await removeIncomplete(tx, room.nid);
  tx.afterCommit(() => parts.bus.publish(WHOLE_SUBJECT, room.roomId));
  return gone;
}

/**
 * After the events that it builds on, as far as we have them; else as it was told when it came, and where members are
 * missing from that, with those who were there before our join.
 */
async function stateBefore(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { event, stateBefore: told }: StoredEvent,
  whole: Root,
  after: ReadonlyMap<number, Root>,
): Promise<Root> {
  const previous = [...(await parts.events.byIds(tx, event.prevIds)).values()];
  const placed = previous.filter(stored => (stored.flags & OUTLIER) === 0 && stored.roomNid === room.nid);
  const roots = placed.map(stored => after.get(stored.nid) ?? stored.stateAfter);
  const isKnown = placed.length === new Set(event.prevIds).size;
  if (isKnown) return resolveRoots(parts, tx, room, roots);
  const base = (await parts.trees.isPartial(tx, room.nid, told)) ? [whole, told] : [told];
  return resolveRoots(parts, tx, room, [...base, ...roots]);
}

/** Judges an event by the state before it and keeps what follows from that. */
async function replay(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  stored: StoredEvent,
  before: Root,
  after: Map<number, Root>,
): Promise<void> {
  const { nid, event, flags, roomRoot } = stored;
  const verdict = await judgeByState(parts, tx, room, event, before, await toldBy(parts, tx, event));
  const counts = verdict.ok && (flags & (REJECTED | SOFT_FAILED)) === 0;
  let root = before;
  if (counts && event.stateKey !== undefined) {
    const typeNid = await parts.nids.types.internOne(tx, event.type);
    const keyNid = await parts.nids.stateKeys.internOne(tx, event.stateKey);
    root = await parts.trees.apply(tx, room.nid, before, [{ key: treeKey(typeNid, keyNid), value: nid }]);
  }
  after.set(nid, root);
  // What clients were shown up to here stays what they were shown: the entry of the log brings them the difference.
  await setStates(tx, nid, { before, after: root, roomRoot });
  if (!verdict.ok && (flags & REJECTED) === 0) {
    await setJudgement(tx, nid, SOFT_FAILED, verdict.reason);
    parts.log.info('An event is not allowed by the state that we have now.', {
      event: event.id,
      reason: verdict.reason,
    });
  }
  parts.events.forgetAtCommit(tx, [nid]);
}

/** The room's state becomes what its extremities make of it now, by an entry of the log. */
async function moveHead(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  oldRoot: Root,
  after: ReadonlyMap<number, Root>,
): Promise<void> {
  const tips = [...(await parts.events.byNids(tx, await extremities(tx, room.nid))).values()];
  const roots = tips.map(tip => after.get(tip.nid) ?? tip.stateAfter);
  const root = await resolveRoots(parts, tx, room, roots);
  await setRoomState(tx, room.nid, root);
  const [newest] = tips.toSorted((a, b) => (b.pos ?? 0) - (a.pos ?? 0));
  if (newest === undefined || root === oldRoot) return;
  const pos = await appendToLog(tx, parts.bus, room, LOG_STATE, root);
  await stateChanged(parts, tx, room, oldRoot, { ...newest, pos, roomRoot: root });
}
