import type { Event } from '../core/event.ts';
import { canonicalText, referenceHash } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { insertEvent, type NewEvent, promoteEvent, setStateAfter } from './events.table.ts';
import { addExtremity, extremities, removeExtremities } from './extremities.table.ts';
import { type Arrived, addOverlooked, addRefused, type Tips as LateTips } from './filled-hole.ts';
import { type Judgement, judge } from './judge-event.ts';
import { stateOfTips } from './merge-tips.ts';
import { foundAtLast, isFromBefore, missingBelowRefused, NOT_AWAITED, rememberMissing } from './missing-events.ts';
import type { RoomsParts } from './parts.ts';
import { applyRedactions } from './redactions.ts';
import { recordRelation } from './relations.table.ts';
import { resolveRoots } from './resolve.ts';
import {
  AFTER_GAP,
  GUESSED,
  OUTLIER,
  OWN,
  REDACTED,
  REJECTED,
  type Room,
  SOFT_FAILED,
  type StoredEvent,
} from './room.ts';
import { LOG_EVENT, ROOM_FOR_HISTORY, skipLogPositions, takeLogPos, writeLog } from './room-log.table.ts';
import { lockRoom, type RoomHead, setRoomCreate, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

export type Outcome = 'accepted' | 'rejected' | 'soft-failed' | 'known';

export interface Ingested {
  readonly outcome: Outcome;
  readonly stored: StoredEvent;
  /** Why it was rejected or soft-failed: for people, and as the name of the rule. */
  readonly reason: string | undefined;
  readonly rule: string | undefined;
}

/** What the maker of an event has read of its room in the same transaction, under the room's lock: not read again. */
export interface RoomTip {
  readonly head: RoomHead;
  readonly tips: readonly number[];
  /** The event's prev_events, all of them. */
  readonly previous: readonly StoredEvent[];
}

export interface IngestOptions {
  readonly tip?: RoomTip;
  /** The state before the event as others told it, where not all its prev_events are known. */
  readonly stateBefore?: Root;
  /** Why the room's policy server does not want the event. */
  readonly unwanted?: string | undefined;
  /** Much is missing before the event: that is history, fetched when somebody reads back to there. */
  readonly isBehindGap?: boolean;
  /** `stateBefore` is the room's state, or lacks some of what it should have: nobody could tell it. */
  readonly isGuessed?: boolean;
  /** This server sends the event to the others in the room. */
  readonly distribute?: boolean;
  /** The event was refused, and is judged again. */
  readonly again?: Again | undefined;
}

export interface Again {
  /** The room's extremities come from it, by way of others. */
  readonly isBuiltOn: boolean;
}

/** None of an event's prev_events is known, nor the state before it: it cannot be judged, and is not stored. */
export class UnknownStateError extends Error {
  constructor(eventId: EventId) {
    super(`the state before ${eventId} is not known`);
    this.name = 'UnknownStateError';
  }
}

/** What the transaction knows about the place of an event before it is judged. */
interface Place {
  readonly head: RoomHead;
  readonly tips: readonly number[];
  /** The prev_events whose place in the room is known: outliers have none. */
  readonly previous: ReadonlyMap<EventId, StoredEvent>;
  readonly stateBefore: number;
  /** Others told the state before it. */
  readonly isTold: boolean;
  /** The event was missing until now: accepted ones build on it. */
  readonly isAwaited: boolean;
  /** Where it was missing below a gap, the position of that: what it builds on is missing there now. */
  readonly gapPos: number | undefined;
  /** Where it was missing as a hole, the number of an event that builds on it. */
  readonly wantedBy: number | undefined;
  /** A gap ends at the event. */
  readonly isBehindGap: boolean;
  /** The same event as it was stored without a place, or refused. */
  readonly earlier: StoredEvent | undefined;
  readonly again: Again | undefined;
  /** Further bits of the event's flags. */
  readonly flags: number;
}

/**
 * The one way in for events, whatever brings them: a client's send, a federation transaction, a join.
 * The event's format, ID, hash and signatures were checked by whoever made the `Event`; here it is authorised and
 * stored with everything that follows from it, in the caller's transaction (server-server API, "Checks performed on
 * receipt of a PDU", checks 4 to 7). Rejected and soft-failed events are kept and marked.
 *
 * @throws UnknownStateError
 */
export async function ingest(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  options: IngestOptions = {},
): Promise<Ingested> {
  const known = await parts.events.byId(tx, event.id);
  if (known !== undefined && !isSameEvent(parts, room, event, known)) {
    const reason = 'another event has the same ID';
    return { outcome: 'rejected', stored: known, reason, rule: 'event_id.taken' };
  }
  const again = known !== undefined && isRefused(known) ? options.again : undefined;
  if (known !== undefined && (known.flags & OUTLIER) === 0 && again === undefined)
    return { outcome: 'known', stored: known, reason: undefined, rule: undefined };
  const head = options.tip?.head ?? (await lockRoom(tx, room.nid));
  if (known !== undefined && isFromBefore(head, event, known))
    return { outcome: 'known', stored: known, reason: undefined, rule: undefined };
  const place = await findPlace(parts, tx, room, event, known, { ...options, again, head });
  const standing = {
    previous: place.previous.values(),
    before: place.stateBefore,
    now: again !== undefined && known !== undefined && cameOnTop(known) ? place.stateBefore : head.state_root,
    isAwaited: place.isAwaited && again === undefined,
  };
  const verdict = recommended(await judge(parts, tx, room, event, standing), options.unwanted);
  const { outcome, rule, reason } = verdict;
  // What it was found to be when it came tells more than the same once more.
  const isSame = again !== undefined && known !== undefined && (known.flags & flagOf(outcome)) !== 0;
  const stored = isSame ? known : await store(parts, tx, room, event, place, verdict);
  return outcome === 'accepted'
    ? { outcome, stored, reason: undefined, rule: undefined }
    : { outcome, stored, reason, rule };
}

/** It has no place in the timeline, for what was found of it. */
function isRefused({ flags, pos }: StoredEvent): boolean {
  return pos === undefined && (flags & OUTLIER) === 0 && (flags & (REJECTED | SOFT_FAILED)) !== 0;
}

/**
 * The room ended where the event was put when it came, as far as we knew: who made it could know of nothing later. So it is
 * not held against it what the room came to forbid since.
 */
function cameOnTop({ stateBefore, roomRoot }: StoredEvent): boolean {
  return stateBefore === roomRoot;
}

/** Check 7: what the policy server does not want is held back, also where others build on it. */
function recommended(verdict: Judgement, unwanted: string | undefined): Judgement {
  if (unwanted === undefined || verdict.outcome !== 'accepted') return verdict;
  return { outcome: 'soft-failed', rule: 'policy', reason: unwanted };
}

/**
 * In room versions 1 and 2 the sender chooses the ID, so that two events can have the same: the first stays. What both
 * say is compared as if redacted, which the stored one may be.
 */
function isSameEvent(parts: RoomsParts, room: Room, event: Event, known: StoredEvent): boolean {
  if (known.roomNid !== room.nid) return false;
  if (room.version.eventIds !== 'chosen') return true;
  const hash = (one: Event) => Buffer.from(referenceHash(one.pdu, room.version, parts.crypto));
  return hash(event).equals(hash(known.event));
}

async function findPlace(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  earlier: StoredEvent | undefined,
  options: IngestOptions & { readonly head: RoomHead },
): Promise<Place> {
  const { head, tip, stateBefore, isBehindGap = false, isGuessed, distribute, again } = options;
  const tips = tip?.tips ?? (await extremities(tx, room.nid));
  const found = tip?.previous ?? [...(await parts.events.byIds(tx, event.prevIds)).values()];
  const previous = new Map(
    found.flatMap(stored => ((stored.flags & OUTLIER) === 0 ? [[stored.event.id, stored]] : [])),
  );
  return {
    head,
    tips,
    previous,
    stateBefore: stateBefore ?? (await stateAfterAll(parts, tx, room, event, { head, tips, previous })),
    isTold: stateBefore !== undefined,
    // What we make ourselves nobody can have built on.
    ...(tip === undefined ? await foundAtLast(tx, room, event.id) : NOT_AWAITED),
    ...(again?.isBuiltOn === true && { isAwaited: true }),
    isBehindGap: isBehindGap && event.prevIds.some(id => !previous.has(id)),
    earlier,
    again,
    flags:
      (distribute === true ? OWN : 0) |
      (isGuessed === true ? GUESSED : 0) |
      (again === undefined ? 0 : (earlier?.flags ?? 0) & (OWN | REDACTED)),
  };
}

/** The state after an event's prev_events. */
async function stateAfterAll(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  { head, tips, previous }: Pick<Place, 'head' | 'tips' | 'previous'>,
): Promise<Root> {
  const nids = new Set([...previous.values()].map(stored => stored.nid));
  // The event builds on all the room's extremities, so the state before it is the room's state.
  const onTip = nids.size === event.prevIds.length && nids.size === tips.length && tips.every(tip => nids.has(tip));
  if (onTip) return head.state_root;
  if (previous.size === 0 && event.prevIds.length > 0) throw new UnknownStateError(event.id);
  // An event of another room (it is rejected for that) must not bring that room's state with it.
  const roots = [...previous.values()].flatMap(stored => (stored.roomNid === room.nid ? stored.stateAfter : []));
  return resolveRoots(parts, tx, room, roots);
}

async function store(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  place: Place,
  { outcome, reason }: Judgement,
): Promise<StoredEvent> {
  const accepted = outcome === 'accepted';
  const json = canonicalText(event.pdu, event.version);
  const isBehindGap = accepted && place.isBehindGap;
  if (isBehindGap) await skipLogPositions(tx, room.shard, ROOM_FOR_HISTORY);
  const pos = accepted ? await takeLogPos(tx, room.shard) : undefined;
  const replacesNid = await replaced(parts, tx, room, event, place.stateBefore);
  const flags = place.flags | flagOf(outcome) | (isBehindGap ? AFTER_GAP : 0);
  const typeNid = await parts.nids.types.internOne(tx, event.type);
  const stateKeyNid =
    event.stateKey === undefined ? undefined : await parts.nids.stateKeys.internOne(tx, event.stateKey);
  const senderNid = await parts.nids.users.internOne(tx, event.sender);
  const nid = await write(parts, tx, place.earlier, {
    eventId: event.id,
    roomNid: room.nid,
    typeNid,
    stateKeyNid: stateKeyNid ?? null,
    senderNid,
    depth: event.depth,
    ts: event.ts,
    flags,
    pos: pos ?? null,
    stateBefore: place.stateBefore,
    roomRoot: place.head.state_root,
    replacesNid: replacesNid ?? null,
    reason: accepted ? null : reason,
    json,
  });
  let stateAfter = place.stateBefore;
  if (stateKeyNid !== undefined && outcome !== 'rejected') {
    const change = { key: treeKey(typeNid, stateKeyNid), value: nid };
    stateAfter = await parts.trees.apply(tx, room.nid, place.stateBefore, [change]);
  }
  const bare = { nid, roomNid: room.nid, flags, stateBefore: place.stateBefore, stateAfter, replacesNid, event };
  if (pos === undefined) {
    if (stateAfter !== place.stateBefore) await setStateAfter(tx, nid, stateAfter, place.head.state_root);
    const kept = { ...bare, pos, roomRoot: place.head.state_root };
    parts.events.rememberAtCommit(tx, kept, json.length);
    return kept;
  }
  const roomRoot = await advanceHead(parts, tx, room, place, pos, bare);
  if (stateAfter !== place.stateBefore || roomRoot !== place.head.state_root) {
    await setStateAfter(tx, nid, stateAfter, roomRoot);
  }
  const stored = { ...bare, pos, roomRoot };
  // Before what follows: an event that was redacted before it came is forgotten again at the commit.
  parts.events.rememberAtCommit(tx, stored, json.length);
  await follow(parts, tx, room, stored, { senderNid, typeNid, oldRoot: place.head.state_root });
  return stored;
}

function flagOf(outcome: Judgement['outcome']): number {
  return outcome === 'rejected' ? REJECTED : outcome === 'soft-failed' ? SOFT_FAILED : 0;
}

async function write(parts: RoomsParts, tx: Tx, earlier: StoredEvent | undefined, event: NewEvent): Promise<number> {
  if (earlier === undefined) return insertEvent(tx, event);
  await promoteEvent(tx, earlier.nid, event);
  parts.events.forgetAtCommit(tx, [earlier.nid]);
  return earlier.nid;
}

/** The state event whose place this one takes, for `unsigned.replaces_state` and `prev_content`. */
async function replaced(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  root: number,
): Promise<number | undefined> {
  if (event.stateKey === undefined) return undefined;
  const [nid] = await parts.state.nidsAt(tx, room, [{ root, pair: [event.type, event.stateKey] }]);
  return nid;
}

/** Moves the room's extremities and its resolved state over the new event. Returns the new state's root. */
async function advanceHead(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  place: Place,
  pos: number,
  filling: Arrived & Pick<StoredEvent, 'stateBefore'>,
): Promise<number> {
  const { nid, event } = filling;
  const covered = new Set([...place.previous.values()].map(stored => stored.nid));
  await removeExtremities(
    tx,
    room.nid,
    place.tips.filter(tip => covered.has(tip)),
  );
  const missing = event.prevIds.filter(id => !place.previous.has(id));
  const gapPos = place.isBehindGap ? pos : place.gapPos;
  const since = { enteredDepth: place.head.entered_depth, now: parts.clock.now(), gapPos };
  await rememberMissing(tx, room, { event, nid, missing }, since);
  for (const below of await missingBelowRefused(parts, tx, room, [...place.previous.values()]))
    await rememberMissing(tx, room, below, since);
  // An event that was missing has successors already, so it is no extremity.
  const isTip = !place.isAwaited;
  if (isTip) await addExtremity(tx, room.nid, nid);
  const others = place.tips.filter(tip => !covered.has(tip));
  const own = isTip ? filling : undefined;
  const now = place.head.state_root;
  const ofTips = await stateOfTips(parts, tx, room, { others, own, now, isTold: place.isTold });
  const root = await withLate(parts, tx, room, place, filling, { tips: others, root: ofTips });
  if (root !== place.head.state_root) await setRoomState(tx, room.nid, root);
  if (event.type === 'm.room.create' && event.stateKey === '') await setRoomCreate(tx, room.nid, nid);
  return root;
}

/** With what the event does to the state after extremities that come from it. */
async function withLate(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { wantedBy, again }: Place,
  filling: Arrived,
  tips: LateTips,
): Promise<Root> {
  if (wantedBy !== undefined) return addOverlooked(parts, tx, room, { ...filling, wantedBy }, tips);
  return again?.isBuiltOn === true ? addRefused(parts, tx, room, filling, tips) : tips.root;
}

/** Everything that an accepted event brings with it. */
async function follow(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  stored: StoredEvent & { readonly pos: number },
  { senderNid, typeNid, oldRoot }: { senderNid: number; typeNid: number; oldRoot: number },
): Promise<void> {
  await writeLog(tx, parts.bus, {
    shard: room.shard,
    pos: stored.pos,
    room_nid: room.nid,
    kind: LOG_EVENT,
    ref: stored.nid,
  });
  if (stored.roomRoot !== oldRoot) await stateChanged(parts, tx, room, oldRoot, stored);
  await recordRelation(tx, stored, { senderNid, typeNid });
  await applyRedactions(parts, tx, room, stored);
  await parts.notifications.eventAccepted(tx, room, stored);
}
