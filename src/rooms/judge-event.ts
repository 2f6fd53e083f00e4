import { authTypesFor } from '../core/auth/auth-types.ts';
import { checkAuth } from '../core/auth/check.ts';
import { checkAuthEvents } from '../core/auth/check-auth-events.ts';
import { type AuthVerdict, lookupOf } from '../core/auth/verdict.ts';
import type { EventCrypto } from '../core/crypto.ts';
import type { Event } from '../core/event.ts';
import { createIdOfRoom } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { REJECTED, type Room, type StoredEvent } from './room.ts';

export interface Judgement {
  readonly outcome: 'accepted' | 'rejected' | 'soft-failed';
  readonly reason: string;
  readonly rule: string;
}

const ACCEPTED: Judgement = { outcome: 'accepted', reason: '', rule: '' };

/** Where an event stands in its room. */
export interface Standing {
  /** Its prev_events, as far as they are known. */
  readonly previous: Iterable<StoredEvent>;
  /** The roots of the state before it, and of the room's state now. */
  readonly before: number;
  readonly now: number;
  /** Accepted events build on it already: that it would not be allowed now is no reason to hold it back. */
  readonly isAwaited: boolean;
}

/** Checks 4 to 6 of server-server API, "Checks performed on receipt of a PDU". */
export async function judge(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  { previous, before, now, isAwaited }: Standing,
): Promise<Judgement> {
  if ([...previous].some(stored => stored.roomNid !== room.nid)) {
    return { outcome: 'rejected', rule: 'prev_events.room', reason: 'prev_events name an event of another room' };
  }
  const known = await parts.events.byIds(tx, authIdsOf(event));
  const own = judgeByAuthEvents(event, id => known.get(id), parts.crypto);
  if (!own.ok) return { ...own, outcome: 'rejected' };
  const told = event.authIds.flatMap(id => known.get(id) ?? []);
  const then = await judgeByState(parts, tx, room, event, before, told);
  if (!then.ok) return { ...then, outcome: 'rejected' };
  if (before === now || isAwaited) return ACCEPTED;
  const today = await judgeByState(parts, tx, room, event, now, told);
  return today.ok ? ACCEPTED : { ...today, outcome: 'soft-failed' };
}

/**
 * Whether the state at a root allows an event. Where members are missing from the state, one that is not in it is taken
 * from the event's own auth events (`told`), which were judged before: nobody is shut out because we know too little.
 */
export async function judgeByState(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  root: number,
  told: readonly StoredEvent[] = [],
): Promise<AuthVerdict> {
  const state = await parts.state.lookup(tx, room, root, statePairs(event));
  const verdict = checkAuth(event, state, parts.crypto);
  if (verdict.ok || !(await parts.trees.isPartial(tx, room.nid, root))) return verdict;
  const members = lookupOf(told.filter(isUsableMember).map(stored => stored.event));
  return checkAuth(event, (type, key) => state(type, key) ?? members(type, key), parts.crypto);
}

/** An event's own auth events, as far as they are known. */
export async function toldBy(parts: RoomsParts, tx: Tx, event: Event): Promise<StoredEvent[]> {
  return [...(await parts.events.byIds(tx, event.authIds)).values()];
}

function isUsableMember({ event, flags }: StoredEvent): boolean {
  return event.type === 'm.room.member' && (flags & REJECTED) === 0;
}

/** The pairs that the rules look at; the create event is among them also where it is no auth event. */
function statePairs(event: Event): [string, string][] {
  return [['m.room.create', ''], ...authTypesFor(event, event.version).filter(([type]) => type !== 'm.room.create')];
}

/** The events that authorise an event by its own word, and the create event where the room ID names it. */
export function authIdsOf(event: Event): EventId[] {
  const named = event.version.roomIdIsCreateHash && event.type !== 'm.room.create';
  return named ? [...event.authIds, createIdOfRoom(event.roomId)] : [...event.authIds];
}

/**
 * Check 4: whether an event is allowed by the auth events that it names. `find` knows those of `authIdsOf`; the rule
 * `auth-events-known` is broken where it does not.
 */
export function judgeByAuthEvents(
  event: Event,
  find: (id: EventId) => Pick<StoredEvent, 'event' | 'flags'> | undefined,
  crypto: EventCrypto,
): AuthVerdict {
  const missing = event.authIds.filter(id => find(id) === undefined);
  if (missing.length > 0)
    return { ok: false, rule: 'auth-events-known', reason: `unknown auth events: ${missing.join(', ')}` };
  const authEvents = event.authIds.flatMap(id => find(id)?.event ?? []);
  const isRejected = (id: EventId) => ((find(id)?.flags ?? 0) & REJECTED) !== 0;
  const create = () => find(createIdOfRoom(event.roomId))?.event;
  const independent = checkAuthEvents(event, authEvents, isRejected, create);
  if (!independent.ok) return independent;
  const all = event.version.roomIdIsCreateHash ? [...authEvents, create()] : authEvents;
  return checkAuth(event, lookupOf(all), crypto);
}
