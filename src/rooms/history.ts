import type { Event } from '../core/event.ts';
import { canonicalText } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import {
  addBackwardExtremities,
  removeBackwardExtremities,
  takeHistoryPositions,
} from './backward-extremities.table.ts';
import { insertEvent, promoteEvent, setStateAfter } from './events.table.ts';
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
 * Takes in events from before our history of a room (backfill), oldest first: a stretch that ends where our history
 * begins. They come before everything else in the timeline, are in no sync and notify nobody; the room's state stays
 * what it is. `stateBefore` is the state before those whose prev_events are not all known.
 */
export async function ingestHistory(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  events: readonly Event[],
  stateBefore: Root,
): Promise<ReadonlyMap<EventId, Outcome>> {
  await lockRoom(tx, room.nid);
  const outcomes = new Map<EventId, Outcome>();
  const first = await takeHistoryPositions(tx, room.nid, events.length);
  for (const [at, event] of events.entries())
    outcomes.set(event.id, await ingestOlder(parts, tx, room, event, { stateBefore, pos: first + at }));
  return outcomes;
}

async function ingestOlder(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  { stateBefore, pos }: { readonly stateBefore: Root; readonly pos: number },
): Promise<Outcome> {
  const known = await parts.events.byId(tx, event.id);
  if (known !== undefined && known.roomNid !== room.nid) return 'rejected';
  await removeBackwardExtremities(tx, room.nid, [event.id]);
  if (known !== undefined && (known.flags & OUTLIER) === 0) return 'known';
  const previous = await placed(parts, tx, room, event);
  const unknown = event.prevIds.filter(id => !previous.has(id));
  await addBackwardExtremities(tx, room.nid, unknown);
  const roots = [...previous.values()].map(stored => stored.stateAfter);
  const before = unknown.length > 0 ? stateBefore : await resolveRoots(parts, tx, room, roots);
  const standing = { previous: previous.values(), before, now: before, isAwaited: true };
  const { outcome, reason } = await judge(parts, tx, room, event, standing);
  const accepted = outcome === 'accepted';
  const stored = await write(parts, tx, room, event, known, {
    pos: accepted ? pos : null,
    flags: accepted ? 0 : REJECTED,
    stateBefore: before,
    reason: accepted ? null : reason,
  });
  if (!accepted) return 'rejected';
  const typeNid = await parts.nids.types.internOne(tx, event.type);
  const senderNid = await parts.nids.users.internOne(tx, event.sender);
  await recordRelation(tx, { ...stored, pos }, { senderNid, typeNid });
  await applyRedactions(parts, tx, room, stored);
  return 'accepted';
}

/** The prev_events of an event that have a place in the room. */
async function placed(parts: RoomsParts, tx: Tx, room: Room, event: Event): Promise<Map<EventId, StoredEvent>> {
  const found = await parts.events.byIds(tx, event.prevIds);
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
  tx.afterCommit(() => parts.events.forget(nid));
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
