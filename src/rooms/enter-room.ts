import type { Event } from '../core/event.ts';
import { canonicalText } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { addBackwardExtremities, removeBackwardExtremities } from './backward-extremities.table.ts';
import { insertEvent, newestPosition, promoteEvent, setStateAfter } from './events.table.ts';
import { addExtremity, extremities, forgetHoles, removeExtremities } from './extremities.table.ts';
import { judge } from './judge-event.ts';
import { clearOutOfBand } from './out-of-band.table.ts';
import type { RoomsParts } from './parts.ts';
import { AFTER_GAP, type Room, type StoredEvent } from './room.ts';
import { LOG_EVENT, ROOM_FOR_HISTORY, skipLogPositions, takeLogPos, writeLog } from './room-log.table.ts';
import { lockRoom, setEnteredDepth, setRoomCreate, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import type { Root } from './state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, treeKey } from './state-tree/tree-key.ts';

/**
 * This server comes into a room, by the join of one of its users that a resident server has taken in: `stateBefore` is
 * the room's state before the join as that server told it. The join becomes the room's only extremity and its state
 * the room's; what we knew of the room from an earlier stay remains as history. Its prev_events are the edge from which
 * older events are fetched.
 *
 * @throws MatrixError M_FORBIDDEN when that state does not allow the join
 */
export async function enterRoom(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  join: Event,
  stateBefore: Root,
): Promise<StoredEvent & { readonly pos: number }> {
  const head = await lockRoom(tx, room.nid);
  const standing = { previous: [], before: stateBefore, now: stateBefore, isAwaited: false };
  const verdict = await judge(parts, tx, room, join, standing);
  if (verdict.outcome !== 'accepted')
    throw new MatrixError(
      'M_FORBIDDEN',
      `The state that came with the room does not allow the join: ${verdict.reason}.`,
    );
  const edge = await edgeBelow(parts, tx, join);
  const isReturn = edge.length > 0 && (await newestPosition(tx, room.nid)) !== undefined;
  if (isReturn) await skipLogPositions(tx, room.shard, ROOM_FOR_HISTORY);
  const stored = await placeJoin(parts, tx, room, join, { stateBefore, flags: isReturn ? AFTER_GAP : 0 });
  await removeExtremities(tx, room.nid, await extremities(tx, room.nid));
  await addExtremity(tx, room.nid, stored.nid);
  await forgetHoles(tx, room.nid);
  // The join itself may have been beyond an edge, from an earlier stay.
  await removeBackwardExtremities(tx, room.nid, [join.id]);
  await addBackwardExtremities(tx, room.nid, edge, isReturn ? stored.pos : 0);
  await setEnteredDepth(tx, room.nid, { entered: Math.max(0, join.depth - BESIDE_THE_JOIN), joined: join.depth });
  await setRoomState(tx, room.nid, stored.stateAfter);
  const [createNid] = await parts.state.nidsAt(tx, room, [{ root: stateBefore, pair: ['m.room.create', ''] }]);
  if (createNid !== undefined) await setRoomCreate(tx, room.nid, createNid);
  await clearOutOfBand(tx, room.nid);
  const { pos, nid } = stored;
  await writeLog(tx, parts.bus, { shard: room.shard, pos, room_nid: room.nid, kind: LOG_EVENT, ref: nid });
  await stateChanged(parts, tx, room, head.state_root, stored);
  await parts.notifications.eventAccepted(tx, room, stored);
  return stored;
}

/**
 * What others say without knowing of the join yet is about as deep as it. It is news here, and no history: that begins so
 * much further up.
 */
const BESIDE_THE_JOIN = 10;

async function placeJoin(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  join: Event,
  // No flag says that it goes to the others: the server that let us in sends it to them.
  { stateBefore, flags }: { readonly stateBefore: Root; readonly flags: number },
): Promise<StoredEvent & { readonly pos: number }> {
  const known = await parts.events.byId(tx, join.id);
  const stateKeyNid = await parts.nids.stateKeys.internOne(tx, join.stateKey ?? '');
  const key = treeKey(MEMBER_TYPE_NID, stateKeyNid);
  const [replacesNid] = await parts.trees.lookup(tx, [{ roomNid: room.nid, root: stateBefore, key }]);
  const pos = await takeLogPos(tx, room.shard);
  const row = {
    eventId: join.id,
    roomNid: room.nid,
    typeNid: MEMBER_TYPE_NID,
    stateKeyNid,
    senderNid: await parts.nids.users.internOne(tx, join.sender),
    depth: join.depth,
    ts: join.ts,
    flags,
    pos,
    stateBefore,
    roomRoot: stateBefore,
    replacesNid: replacesNid ?? null,
    reason: null,
    json: canonicalText(join.pdu, join.version),
  };
  if (known !== undefined) await promoteEvent(tx, known.nid, row);
  const nid = known?.nid ?? (await insertEvent(tx, row));
  const stateAfter = await parts.trees.apply(tx, room.nid, stateBefore, [{ key, value: nid }]);
  await setStateAfter(tx, nid, stateAfter, stateAfter);
  parts.events.forgetAtCommit(tx, [nid]);
  return {
    nid,
    roomNid: room.nid,
    pos,
    flags,
    stateBefore,
    stateAfter,
    roomRoot: stateAfter,
    replacesNid,
    event: join,
  };
}

/** What a join builds on that has no place here. */
async function edgeBelow(parts: RoomsParts, tx: Tx, join: Event): Promise<EventId[]> {
  const known = await parts.events.byIds(tx, join.prevIds);
  return join.prevIds.filter(id => known.get(id)?.pos === undefined);
}
