import { decodeBase64, encodeBase64 } from './base64.ts';
import { canonicalJson } from './canonical-json.ts';
import { isCompromisedKey } from './compromised-keys.ts';
import type { EventCrypto, SigningKey } from './crypto.ts';
import type { Event } from './event.ts';
import { canonicalText, contentHash, without } from './hashes.ts';
import { domainOf, domainOfId, parseUserId, type ServerName } from './ids.ts';
import { getObject, getString, type Json, JsonError, type JsonObject } from './json.ts';
import type { Pdu } from './pdu.ts';
import { redact } from './redact.ts';
import type { RoomVersion } from './room-versions.ts';
import { utf8Encode } from './utf8.ts';

/** What is to be verified: by which key, over what. */
export interface Signature {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const UNSIGNED_KEYS = ['signatures', 'unsigned'];

/** The object with our signature added to those it has (appendices, "Signing Details"). @throws {JsonError} */
export function signJson<T extends JsonObject>(object: T, server: string, key: SigningKey): T & JsonObject {
  const message = utf8Encode(canonicalJson(without(object, UNSIGNED_KEYS)));
  return withSignature(object, server, key.keyId, encodeBase64(key.sign(message)));
}

/** Whether `object` carries a valid signature of `server` by the given key (appendices, "Checking for a Signature"). Never throws. */
export function verifyJson(
  object: JsonObject,
  server: string,
  keyId: string,
  publicKey: Uint8Array,
  crypto: EventCrypto,
): boolean {
  return isGood(objectSignature(object, server, keyId, publicKey, canonicalJson), crypto);
}

/** The IDs of the ed25519 keys with which `server` claims to have signed `object`. */
export function signingKeyIds(object: JsonObject, server: string): string[] {
  const signatures = getObject(getObject(object, 'signatures') ?? {}, server) ?? {};
  return Object.keys(signatures).filter(id => id.startsWith('ed25519:') && typeof signatures[id] === 'string');
}

/**
 * An outgoing event with content hash and our signature over its redacted form (server-server API, "Adding hashes
 * and signatures to outgoing events"). Signatures already there stay only if the content hash was already this one.
 *
 * @throws {JsonError} when the event cannot be canonical JSON
 */
export function signEvent(
  pdu: JsonObject,
  version: RoomVersion,
  server: string,
  key: SigningKey,
  crypto: EventCrypto,
): Pdu {
  const sha256 = contentHash(pdu, version, crypto);
  const hashed = { signatures: {}, ...pdu, hashes: { ...getObject(pdu, 'hashes'), sha256 } } as unknown as Pdu;
  const message = signedText(redact(hashed, version), version);
  return withSignature(hashed, server, key.keyId, encodeBase64(key.sign(utf8Encode(message))));
}

/** A stored event with a signature by another key of `server` beside those that it has; its hashes stay. */
export function addSignature({ pdu, version }: Event, server: ServerName, key: SigningKey): Pdu {
  const message = signedText(redact(pdu, version), version);
  return withSignature(pdu, server, key.keyId, encodeBase64(key.sign(utf8Encode(message))));
}

/** Whether the event carries a valid signature of `server` by the given key. Never throws. */
export function verifyEventSignature(
  event: Event,
  server: ServerName,
  keyId: string,
  publicKey: Uint8Array,
  crypto: EventCrypto,
): boolean {
  return isGood(eventSignature(event, server, keyId, publicKey), crypto);
}

/** The same in two steps, for those who verify elsewhere: undefined when no key can make it valid. Never throws. */
export function eventSignature(
  event: Event,
  server: ServerName,
  keyId: string,
  publicKey: Uint8Array,
): Signature | undefined {
  const redacted = redact(event.pdu, event.version);
  return objectSignature(redacted, server, keyId, publicKey, json => canonicalText(json, event.version));
}

/**
 * The servers whose signatures an event needs (server-server API, "Validating hashes and signatures on received
 * events", and rule 4.2 of room version 8 on):
 * the sender's, unless the event is an invite by a third-party invite (its sender is proved by the auth rules);
 * in versions with chosen event IDs that of the event ID; for a restricted join that of the authorising user.
 */
export function requiredSigners(event: Event): ServerName[] {
  const signers = new Set<ServerName>();
  if (!isThirdPartyInvite(event)) signers.add(domainOf(event.sender));
  const idDomain = event.version.eventIds === 'chosen' ? domainOfId(event.id) : undefined;
  if (idDomain !== undefined) signers.add(idDomain);
  const authoriser = authorisingServer(event);
  if (authoriser !== undefined) signers.add(authoriser);
  return [...signers];
}

function isThirdPartyInvite(event: Event): boolean {
  if (event.type !== 'm.room.member' || getString(event.content, 'membership') !== 'invite') return false;
  return getObject(event.content, 'third_party_invite') !== undefined;
}

/** An authorising user that is no user ID yields the empty name, for which no signature can be valid. */
function authorisingServer(event: Event): ServerName | undefined {
  if (!event.version.restrictedJoins || event.type !== 'm.room.member') return undefined;
  if (getString(event.content, 'membership') !== 'join') return undefined;
  if (!Object.hasOwn(event.content, 'join_authorised_via_users_server')) return undefined;
  const user = getString(event.content, 'join_authorised_via_users_server') ?? '';
  return parseUserId(user)?.domain ?? ('' as ServerName);
}

function signedText(redacted: JsonObject, version: RoomVersion): string {
  return canonicalText(without(redacted, UNSIGNED_KEYS), version);
}

function objectSignature(
  object: JsonObject,
  server: string,
  keyId: string,
  publicKey: Uint8Array,
  textOf: (json: Json) => string,
): Signature | undefined {
  if (!keyId.startsWith('ed25519:')) return undefined;
  const signature = getString(getObject(getObject(object, 'signatures') ?? {}, server) ?? {}, keyId);
  if (signature === undefined) return undefined;
  try {
    return textSignature(textOf(without(object, UNSIGNED_KEYS)), signature, publicKey);
  } catch (error) {
    // Not canonical JSON, so nobody can have signed it.
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Whether `signature` (base64) over `text` was made by the key. */
export function verifyText(text: string, signature: string, publicKey: Uint8Array, crypto: EventCrypto): boolean {
  return isGood(textSignature(text, signature, publicKey), crypto);
}

/** The one place that everything passes on its way to being verified. */
function textSignature(text: string, signature: string, publicKey: Uint8Array): Signature | undefined {
  const bytes = decodeBase64(signature);
  if (bytes?.length !== 64 || isCompromisedKey(encodeBase64(publicKey))) return undefined;
  return { publicKey, message: utf8Encode(text), signature: bytes };
}

function isGood(signature: Signature | undefined, crypto: EventCrypto): boolean {
  return signature !== undefined && crypto.verify(signature.publicKey, signature.message, signature.signature);
}

function withSignature<T extends JsonObject>(object: T, server: string, keyId: string, signature: string): T {
  const signatures = getObject(object, 'signatures') ?? {};
  const ours = getObject(signatures, server) ?? {};
  return { ...object, signatures: { ...signatures, [server]: { ...ours, [keyId]: signature } } };
}
