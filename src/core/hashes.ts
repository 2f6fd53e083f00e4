import { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
import { canonicalJson, lenientCanonicalJson } from './canonical-json.ts';
import type { EventCrypto } from './crypto.ts';
import type { EventId, RoomId } from './ids.ts';
import { getObject, getString, type Json, type JsonObject } from './json.ts';
import type { Pdu } from './pdu.ts';
import { redact } from './redact.ts';
import type { RoomVersion } from './room-versions.ts';
import { utf8Encode } from './utf8.ts';

/** Canonical JSON under the number rules of a room version. @throws {JsonError} */
export function canonicalText(value: Json, version: RoomVersion): string {
  return version.strictJson ? canonicalJson(value) : lenientCanonicalJson(value);
}

/** The content hash (server-server API, "Calculating the content hash for an event"), in unpadded base64. */
export function contentHash(pdu: JsonObject, version: RoomVersion, crypto: EventCrypto): string {
  return encodeBase64(hashWithout(pdu, ['unsigned', 'signatures', 'hashes'], version, crypto));
}

/** Whether `hashes.sha256` is the event's content hash. When not, the event must be used in its redacted form. */
export function contentHashMatches(pdu: JsonObject, version: RoomVersion, crypto: EventCrypto): boolean {
  const claimed = decodeBase64(getString(getObject(pdu, 'hashes') ?? {}, 'sha256') ?? '');
  const actual = hashWithout(pdu, ['unsigned', 'signatures', 'hashes'], version, crypto);
  return claimed !== undefined && claimed.length === actual.length && claimed.every((byte, i) => byte === actual[i]);
}

/** The reference hash (server-server API, "Calculating the reference hash for an event"), 32 bytes. */
export function referenceHash(pdu: Pdu, version: RoomVersion, crypto: EventCrypto): Uint8Array {
  return hashWithout(redact(pdu, version), ['signatures', 'unsigned'], version, crypto);
}

/** The event's ID: its own `event_id` in room versions 1 and 2, its reference hash otherwise. */
export function eventIdOf(pdu: Pdu, version: RoomVersion, crypto: EventCrypto): EventId {
  if (version.eventIds === 'chosen') return (getString(pdu, 'event_id') ?? '') as EventId;
  const hash = referenceHash(pdu, version, crypto);
  return `$${version.eventIds === 'base64' ? encodeBase64(hash) : encodeBase64Url(hash)}` as EventId;
}

/** The room that a create event founds, where room IDs are its hash (v12, MSC4291). */
export function roomIdOfCreate(createId: EventId): RoomId {
  return `!${createId.slice(1)}` as RoomId;
}

/** The create event that a room ID names, where room IDs are its hash. */
export function createIdOfRoom(roomId: RoomId): EventId {
  return `$${roomId.slice(1)}` as EventId;
}

function hashWithout(
  object: JsonObject,
  dropped: readonly string[],
  version: RoomVersion,
  crypto: EventCrypto,
): Uint8Array {
  return crypto.sha256(utf8Encode(canonicalText(without(object, dropped), version)));
}

/** A shallow copy without some keys. A spread keeps `__proto__` an own key. */
export function without(object: JsonObject, dropped: readonly string[]): JsonObject {
  const copy = { ...object };
  for (const key of dropped) delete copy[key];
  return copy;
}
