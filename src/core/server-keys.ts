import { decodeBase64, encodeBase64 } from './base64.ts';
import { isCompromisedKey } from './compromised-keys.ts';
import type { EventCrypto } from './crypto.ts';
import type { ServerName } from './ids.ts';
import { getInteger, getObject, getString, isObject, type Json, type JsonObject } from './json.ts';
import { cappedValidUntil } from './key-validity.ts';
import { signingKeyIds, verifyJson } from './signatures.ts';

/** One key of a server and the last moment of events and requests it may vouch for, in milliseconds. */
export interface ServerKey {
  readonly publicKey: Uint8Array;
  /** Capped at seven days after receipt for a current key; `expired_ts` for an old one. */
  readonly validUntilTs: number;
  /** Whether the server still signs with it. */
  readonly current: boolean;
}

/** Keys of one server by key ID. */
export type ServerKeys = ReadonlyMap<string, ServerKey>;

/** Why a key response cannot be believed. */
export class ServerKeysError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ServerKeysError';
  }
}

/**
 * Reads what `GET /_matrix/key/v2/server` or a notary answered for `asked` (server-server API, "Publishing Keys"):
 * it must name that server, be signed by one of the keys it lists as current, and by none of them wrongly.
 *
 * @param now when the answer came, in milliseconds
 * @throws {ServerKeysError}
 */
export function readServerKeys(json: Json, asked: ServerName, now: number, crypto: EventCrypto): ServerKeys {
  if (!isObject(json)) throw new ServerKeysError('key response is not an object');
  if (getString(json, 'server_name') !== asked) throw new ServerKeysError(`key response is not for ${asked}`);
  const validUntil = getInteger(json, 'valid_until_ts');
  if (validUntil === undefined) throw new ServerKeysError('key response has no valid_until_ts');
  const keys = new Map<string, ServerKey>();
  for (const [id, entry, publicKey] of listedKeys(getObject(json, 'old_verify_keys'))) {
    const expired = getInteger(entry, 'expired_ts');
    if (expired !== undefined) keys.set(id, { publicKey, validUntilTs: expired, current: false });
  }
  for (const [id, , publicKey] of listedKeys(getObject(json, 'verify_keys'))) {
    keys.set(id, { publicKey, validUntilTs: cappedValidUntil(validUntil, now), current: true });
  }
  checkOwnSignatures(json, asked, keys, crypto);
  return keys;
}

function checkOwnSignatures(json: JsonObject, server: ServerName, keys: ServerKeys, crypto: EventCrypto): void {
  const signers = signingKeyIds(json, server).filter(id => keys.get(id)?.current === true);
  if (signers.length === 0) throw new ServerKeysError(`key response is not signed by a current key of ${server}`);
  for (const id of signers) {
    if (verifyJson(json, server, id, keys.get(id)!.publicKey, crypto)) continue;
    throw new ServerKeysError(`key response has a wrong signature by ${id}`);
  }
}

function* listedKeys(entries: JsonObject | undefined): Iterable<[string, JsonObject, Uint8Array]> {
  for (const [id, entry] of Object.entries(entries ?? {})) {
    const text = isObject(entry) ? getString(entry, 'key') : undefined;
    const publicKey = text === undefined ? undefined : decodeBase64(text);
    if (!id.startsWith('ed25519:') || publicKey?.length !== 32 || !isObject(entry)) continue;
    if (!isCompromisedKey(encodeBase64(publicKey))) yield [id, entry, publicKey];
  }
}

export interface MergedKeys {
  readonly keys: ServerKeys;
  /** IDs under which the fresh answer had another key than the one known; the known one was kept. */
  readonly conflicts: readonly string[];
}

/**
 * The keys known of a server after a fresh answer. A key ID never changes its key: whoever takes over a domain cannot
 * make old events look forged, nor forge old ones. Validity moves as the fresh answer says.
 */
export function mergeServerKeys(known: ServerKeys, fresh: ServerKeys): MergedKeys {
  const keys = new Map(known);
  const conflicts: string[] = [];
  for (const [id, key] of fresh) {
    const old = known.get(id);
    if (old === undefined || encodeBase64(old.publicKey) === encodeBase64(key.publicKey)) keys.set(id, key);
    else conflicts.push(id);
  }
  return { keys, conflicts };
}
