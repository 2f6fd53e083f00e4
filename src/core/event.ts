import type { EventCrypto } from './crypto.ts';
import { MAX_AUTH_EVENTS, MAX_EVENT_BYTES, MAX_PREV_EVENTS, overLimit } from './event-limits.ts';
import { canonicalText, eventIdOf, roomIdOfCreate } from './hashes.ts';
import { domainOfId, type EventId, isEventId, isHashId, isOverlongId, type RoomId, type UserId } from './ids.ts';
import { getOwn, getString, isObject, type Json, JsonError, type JsonObject } from './json.ts';
import type { Pdu } from './pdu.ts';
import { redact } from './redact.ts';
import type { RoomVersion } from './room-versions.ts';
import { utf8Length } from './utf8.ts';

export type { Pdu } from './pdu.ts';

/** A room event whose format was checked, with what everyone reads from it. Whether it is signed or allowed is not said. */
export interface Event {
  readonly id: EventId;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** The event as it travels between servers. Not to be changed. */
  readonly pdu: Pdu;
  readonly type: string;
  /** Undefined for events that are no state. */
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly prevIds: readonly EventId[];
  readonly authIds: readonly EventId[];
  readonly depth: number;
  /** `origin_server_ts`: milliseconds since 1970 as the sender claims; any integer, also a negative one. */
  readonly ts: number;
  readonly content: JsonObject;
}

/** An event that breaks the format of its room version. It is dropped, not stored as rejected. */
export class EventError extends Error {
  readonly errcode: 'M_BAD_JSON' | 'M_TOO_LARGE';
  readonly reason: string;

  constructor(errcode: 'M_BAD_JSON' | 'M_TOO_LARGE', reason: string, options: { cause?: unknown } = {}) {
    super(reason, options);
    this.name = 'EventError';
    this.errcode = errcode;
    this.reason = reason;
  }
}

export interface ReadOptions {
  /**
   * The event may name more prev_events and auth_events than are allowed: history does that was made before there were
   * limits, and what answers `GET /backfill` must not be held to them (server-server API).
   */
  readonly anyReferences?: boolean;
}

/**
 * Reads an event from outside: format, limits, ID. `json` comes from `parseJson`, in strict mode where
 * `version.strictJson`. Check 1 of server-server API, "Checks performed on receipt of a PDU".
 *
 * @throws {EventError}
 */
export function readEvent(json: Json, version: RoomVersion, crypto: EventCrypto, options: ReadOptions = {}): Event {
  const pdu = checkedPdu(json, version, options);
  const size = checkedSize(pdu, version);
  if (size > MAX_EVENT_BYTES)
    throw new EventError('M_TOO_LARGE', `event has ${size} bytes, at most ${MAX_EVENT_BYTES} are allowed`);
  const id = checkedId(pdu, version, crypto);
  const roomId = checkedRoomId(pdu, id, version);
  const event = loadEvent(id, roomId, pdu, version);
  const long = overLimit(event);
  if (long !== undefined) throw new EventError('M_TOO_LARGE', `${long} is longer than 255`);
  if (event.prevIds.includes(id) || event.authIds.includes(id)) bad('event refers to itself');
  return event;
}

/** An event that was read before and comes back from our own store: nothing is checked or hashed again. */
export function loadEvent(id: EventId, roomId: RoomId, pdu: Pdu, version: RoomVersion): Event {
  return {
    id,
    roomId,
    version,
    pdu,
    type: pdu.type,
    stateKey: getString(pdu, 'state_key'),
    sender: pdu.sender as UserId,
    prevIds: references(pdu.prev_events, version),
    authIds: references(pdu.auth_events, version),
    depth: pdu.depth,
    ts: pdu.origin_server_ts,
    content: pdu.content,
  };
}

/** The same event without what redaction removes. Its ID stays. */
export function redactedEvent(event: Event): Event {
  return loadEvent(event.id, event.roomId, redact(event.pdu, event.version), event.version);
}

/**
 * Bytes of an event in canonical JSON, signatures and `unsigned` included: what the limit of 65,536 counts.
 *
 * @throws {JsonError} when the event cannot be written as canonical JSON
 */
export function eventSize(pdu: JsonObject, version: RoomVersion): number {
  return utf8Length(canonicalText(pdu, version));
}

/** The event that a redaction names, by the place its room version keeps it in. */
export function redactsOf(event: Event): EventId | undefined {
  if (event.type !== 'm.room.redaction') return undefined;
  const redacts = getString(event.version.redactsInContent ? event.content : event.pdu, 'redacts');
  return redacts !== undefined && isEventId(redacts) ? redacts : undefined;
}

/** Whether this event sits in the room state under the given key. */
export function isState(event: Event, type: string, stateKey: string): boolean {
  return event.type === type && event.stateKey === stateKey;
}

function checkedPdu(json: Json, version: RoomVersion, { anyReferences = false }: ReadOptions): Pdu {
  if (!isObject(json)) bad('event is not an object');
  requireString(json, 'type');
  if (!isOverlongId(requireString(json, 'sender'), '@')) bad('sender is not a user ID');
  if (Object.hasOwn(json, 'state_key')) requireString(json, 'state_key');
  for (const key of ['content', 'hashes', 'signatures']) {
    if (!isObject(getOwn(json, key))) bad(`${key} is missing or not an object`);
  }
  if (Object.hasOwn(json, 'unsigned') && !isObject(json.unsigned)) bad('unsigned is not an object');
  if (requireInteger(json, 'depth') < 0) bad('depth is negative');
  requireInteger(json, 'origin_server_ts');
  checkReferences(json, 'prev_events', anyReferences ? Infinity : MAX_PREV_EVENTS, version);
  checkReferences(json, 'auth_events', anyReferences ? Infinity : MAX_AUTH_EVENTS, version);
  return json as Pdu;
}

function checkedSize(pdu: Pdu, version: RoomVersion): number {
  try {
    return eventSize(pdu, version);
  } catch (cause) {
    if (cause instanceof JsonError) throw new EventError('M_BAD_JSON', cause.message, { cause });
    throw cause;
  }
}

function checkedId(pdu: Pdu, version: RoomVersion, crypto: EventCrypto): EventId {
  const id = eventIdOf(pdu, version, crypto);
  // Where the ID is chosen, its server has to sign the event: one without a server would do without that signature.
  if (version.eventIds === 'chosen' && !(id.startsWith('$') && id.length > 1 && domainOfId(id) !== undefined))
    bad('event_id is missing or no event ID');
  return id;
}

/** In versions where the room ID is the create event's hash, only the create event does without the field. */
function checkedRoomId(pdu: Pdu, id: EventId, version: RoomVersion): RoomId {
  if (version.roomIdIsCreateHash && pdu.type === 'm.room.create') return roomIdOfCreate(id);
  const roomId = requireString(pdu, 'room_id');
  // Its length is judged later, with the other fields.
  const valid = version.roomIdIsCreateHash ? isHashId(roomId, '!') : isOverlongId(roomId, '!');
  if (!valid) bad('room_id is not a room ID of this room version');
  return roomId as RoomId;
}

function checkReferences(json: JsonObject, key: string, limit: number, version: RoomVersion): void {
  const value = getOwn(json, key);
  if (!Array.isArray(value)) bad(`${key} is missing or not an array`);
  if (value.length > limit) bad(`${key} has ${value.length} entries, at most ${limit} are allowed`);
  for (const entry of value) {
    const id = version.referencesArePairs ? pairId(entry) : entry;
    if (typeof id !== 'string' || !isEventId(id)) bad(`${key} holds something that is no event reference`);
  }
}

/** The ID in a reference of room versions 1 and 2: `[id, {algorithm: hash}]`. */
function pairId(entry: Json): Json | undefined {
  return Array.isArray(entry) && entry.length === 2 && isObject(entry[1]) ? entry[0] : undefined;
}

function references(entries: readonly Json[], version: RoomVersion): readonly EventId[] {
  if (!version.referencesArePairs) return entries as readonly EventId[];
  return entries.map(entry => (entry as [EventId, Json])[0]);
}

function requireString(json: JsonObject, key: string): string {
  return getString(json, key) ?? bad(`${key} is missing or not a string`);
}

function requireInteger(json: JsonObject, key: string): number {
  const value = getOwn(json, key);
  if (!Number.isSafeInteger(value)) bad(`${key} is missing or no integer within ±(2^53-1)`);
  return value as number;
}

function bad(reason: string): never {
  throw new EventError('M_BAD_JSON', reason);
}
