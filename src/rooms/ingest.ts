import { authTypesFor } from '../core/auth/auth-types.ts';
import { checkAuth } from '../core/auth/check.ts';
import { checkAuthEvents } from '../core/auth/check-auth-events.ts';
import { type AuthVerdict, lookupOf } from '../core/auth/verdict.ts';
import type { Event } from '../core/event.ts';
import { canonicalText, createIdOfRoom, referenceHash } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { insertEvent, setStateAfter } from './events.table.ts';
import { addExtremity, addHole, closeHole, extremities, removeExtremities } from './extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import { applyRedactions } from './redactions.ts';
import { recordRelation } from './relations.table.ts';
import { resolveRoots } from './resolve.ts';
import { OUTLIER, REJECTED, type Room, SOFT_FAILED, type StoredEvent } from './room.ts';
import { LOG_EVENT, takeLogPos, writeLog } from './room-log.table.ts';
import { lockRoom, type RoomHead, setRoomCreate, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
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

/** What the transaction knows about the place of an event before it is judged. */
interface Place {
  readonly head: RoomHead;
  readonly tips: readonly number[];
  readonly previous: ReadonlyMap<EventId, StoredEvent>;
  readonly stateBefore: number;
  /** The event builds on all the room's extremities, so the state before it is the room's state. */
  readonly onTip: boolean;
}

/**
 * The one way in for events, whatever brings them: a client's send, a federation transaction, a join, backfill.
 * The event's format, ID, hash and signatures were checked by whoever made the `Event`; here it is authorised and
 * stored with everything that follows from it, in the caller's transaction (server-server API, "Checks performed on
 * receipt of a PDU", checks 4 to 6). Rejected and soft-failed events are kept and marked.
 */
export async function ingest(parts: RoomsParts, tx: Tx, room: Room, event: Event, tip?: RoomTip): Promise<Ingested> {
  const known = await parts.events.byId(tx, event.id);
  if (known !== undefined && !isSame(parts, room, event, known)) {
    const reason = 'another event has the same ID';
    return { outcome: 'rejected', stored: known, reason, rule: 'event_id.taken' };
  }
  if (known !== undefined && (known.flags & OUTLIER) === 0)
    return { outcome: 'known', stored: known, reason: undefined, rule: undefined };
  const place = await findPlace(parts, tx, room, event, tip);
  const verdict = await judge(parts, tx, room, event, place);
  const stored = await store(parts, tx, room, event, place, verdict);
  const { outcome, rule, reason } = verdict;
  return outcome === 'accepted'
    ? { outcome, stored, reason: undefined, rule: undefined }
    : { outcome, stored, reason, rule };
}

/**
 * In room versions 1 and 2 the sender chooses the ID, so that two events can have the same: the first stays. What both
 * say is compared as if redacted, which the stored one may be.
 */
function isSame(parts: RoomsParts, room: Room, event: Event, known: StoredEvent): boolean {
  if (known.roomNid !== room.nid) return false;
  if (room.version.eventIds !== 'chosen') return true;
  const hash = (one: Event) => Buffer.from(referenceHash(one.pdu, room.version, parts.crypto));
  return hash(event).equals(hash(known.event));
}

async function findPlace(parts: RoomsParts, tx: Tx, room: Room, event: Event, tip?: RoomTip): Promise<Place> {
  const head = tip?.head ?? (await lockRoom(tx, room.nid));
  const tips = tip?.tips ?? (await extremities(tx, room.nid));
  const previous =
    tip === undefined
      ? await parts.events.byIds(tx, event.prevIds)
      : new Map(tip.previous.map(stored => [stored.event.id, stored]));
  const nids = new Set([...previous.values()].map(stored => stored.nid));
  const onTip = nids.size === event.prevIds.length && tips.every(tip => nids.has(tip)) && nids.size === tips.length;
  // An event of another room (it is rejected for that) must not bring that room's state with it.
  const roots = [...previous.values()].flatMap(stored => (stored.roomNid === room.nid ? stored.stateAfter : []));
  const stateBefore = onTip ? head.state_root : await resolveRoots(parts, tx, room, roots);
  return { head, tips, previous, stateBefore, onTip };
}

interface Judgement {
  readonly outcome: 'accepted' | 'rejected' | 'soft-failed';
  readonly reason: string;
  readonly rule: string;
}

const ACCEPTED: Judgement = { outcome: 'accepted', reason: '', rule: '' };

async function judge(parts: RoomsParts, tx: Tx, room: Room, event: Event, place: Place): Promise<Judgement> {
  const wrongRoom = [...place.previous.values()].some(stored => stored.roomNid !== room.nid);
  if (wrongRoom) {
    return { outcome: 'rejected', rule: 'prev_events.room', reason: 'prev_events name an event of another room' };
  }
  const own = await judgeByAuthEvents(parts, tx, room, event);
  if (!own.ok) return { ...own, outcome: 'rejected' };
  const pairs = statePairs(event);
  const before = checkAuth(event, await parts.state.lookup(tx, room, place.stateBefore, pairs), parts.crypto);
  if (!before.ok) return { ...before, outcome: 'rejected' };
  if (place.stateBefore === place.head.state_root) return ACCEPTED;
  const now = checkAuth(event, await parts.state.lookup(tx, room, place.head.state_root, pairs), parts.crypto);
  return now.ok ? ACCEPTED : { ...now, outcome: 'soft-failed' };
}

/** The pairs that the rules look at; the create event is among them also where it is no auth event. */
function statePairs(event: Event): [string, string][] {
  return [['m.room.create', ''], ...authTypesFor(event, event.version).filter(([type]) => type !== 'm.room.create')];
}

async function judgeByAuthEvents(parts: RoomsParts, tx: Tx, room: Room, event: Event): Promise<AuthVerdict> {
  const ids = [...event.authIds];
  if (room.version.roomIdIsCreateHash && event.type !== 'm.room.create') ids.push(createIdOfRoom(room.roomId));
  const found = await parts.events.byIds(tx, ids);
  const missing = event.authIds.filter(id => !found.has(id));
  if (missing.length > 0)
    return { ok: false, rule: 'auth-events-known', reason: `unknown auth events: ${missing.join(', ')}` };
  const authEvents = event.authIds.flatMap(id => found.get(id)?.event ?? []);
  const isRejected = (id: EventId) => ((found.get(id)?.flags ?? 0) & REJECTED) !== 0;
  const create = () => found.get(createIdOfRoom(room.roomId))?.event;
  const independent = checkAuthEvents(event, authEvents, isRejected, create);
  if (!independent.ok) return independent;
  const all = room.version.roomIdIsCreateHash ? [...authEvents, create()] : authEvents;
  return checkAuth(event, lookupOf(all), parts.crypto);
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
  const pos = accepted ? await takeLogPos(tx, room.shard) : undefined;
  const replacesNid = await replaced(parts, tx, room, event, place.stateBefore);
  const flags = outcome === 'rejected' ? REJECTED : outcome === 'soft-failed' ? SOFT_FAILED : 0;
  const typeNid = await parts.nids.types.internOne(tx, event.type);
  const stateKeyNid =
    event.stateKey === undefined ? undefined : await parts.nids.stateKeys.internOne(tx, event.stateKey);
  const senderNid = await parts.nids.users.internOne(tx, event.sender);
  const nid = await insertEvent(tx, {
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
    tx.afterCommit(() => parts.events.remember(kept, json.length));
    return kept;
  }
  const roomRoot = await advanceHead(parts, tx, room, event, place, { nid, stateAfter });
  if (stateAfter !== place.stateBefore || roomRoot !== place.head.state_root) {
    await setStateAfter(tx, nid, stateAfter, roomRoot);
  }
  const stored = { ...bare, pos, roomRoot };
  // Before what follows: an event that was redacted before it came is forgotten again at the commit.
  tx.afterCommit(() => parts.events.remember(stored, json.length));
  await follow(parts, tx, room, stored, { senderNid, typeNid, oldRoot: place.head.state_root });
  return stored;
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
  event: Event,
  place: Place,
  { nid, stateAfter }: { nid: number; stateAfter: number },
): Promise<number> {
  const covered = new Set([...place.previous.values()].map(stored => stored.nid));
  await removeExtremities(
    tx,
    room.nid,
    place.tips.filter(tip => covered.has(tip)),
  );
  for (const id of event.prevIds) {
    if (!place.previous.has(id)) await addHole(tx, room.nid, id, nid, parts.clock.now());
  }
  // An event that was missing has successors already, so it is no extremity.
  const isTip = !(await closeHole(tx, room.nid, event.id));
  if (isTip) await addExtremity(tx, room.nid, nid);
  const others = place.tips.filter(tip => !covered.has(tip));
  const root =
    others.length === 0 && isTip ? stateAfter : await mergeTips(parts, tx, room, others, isTip ? [stateAfter] : []);
  if (root !== place.head.state_root) await setRoomState(tx, room.nid, root);
  if (event.type === 'm.room.create' && event.stateKey === '') await setRoomCreate(tx, room.nid, nid);
  return root;
}

async function mergeTips(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  tips: readonly number[],
  more: readonly number[],
): Promise<number> {
  const events = await parts.events.byNids(tx, tips);
  return resolveRoots(parts, tx, room, [...[...events.values()].map(stored => stored.stateAfter), ...more]);
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
