import { canonicalJson } from '../core/canonical-json.ts';
import { getArray, getObject, getOwn, getString, isObject, type Json, type JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { Usage } from './cross-signing.table.ts';
import {
  badJson,
  canonicalUpload,
  invalidSignature,
  isSignedBy,
  ownSignatures,
  publicKeyBytes,
  signedPart,
} from './signature-shape.ts';

const MAX_BYTES = 16 * 1024;
const MOST_USAGES = 8;

/** The body's name for each key (`POST /keys/device_signing/upload`). */
export const FIELD_OF: Readonly<Record<Usage, string>> = {
  master: 'master_key',
  self_signing: 'self_signing_key',
  user_signing: 'user_signing_key',
};

export interface CheckedKey {
  readonly usage: Usage;
  readonly publicKey: string;
  readonly bytes: Uint8Array;
  /** As uploaded, signatures included. */
  readonly json: JsonObject;
}

/**
 * Checks a cross-signing key (data type CrossSigningKey): shape, owner, usage and its one ed25519 key.
 *
 * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM with status 400
 */
export function checkCrossSigningKey(value: Json, userId: string, usage: Usage): CheckedKey {
  const field = FIELD_OF[usage];
  if (!isObject(value)) throw badJson(`${field} must be an object.`);
  canonicalUpload(value, field, MAX_BYTES);
  if (getString(value, 'user_id') !== userId)
    throw invalidParam(`The user_id of ${field} is not that of the access token.`);
  const usages = getArray(value, 'usage');
  if (usages === undefined || usages.length > MOST_USAGES || !usages.includes(usage)) {
    throw invalidParam(`The usage of ${field} must contain "${usage}".`);
  }
  const { publicKey, bytes } = theOneKey(value, field);
  if (getOwn(value, 'signatures') !== undefined) ownSignatures(getOwn(value, 'signatures'), userId, field);
  return { usage, publicKey, bytes, json: value };
}

/** The only ed25519 key of a cross-signing key object, whose name must be the key itself. @throws MatrixError M_BAD_JSON */
export function theOneKey(value: JsonObject, what: string): { readonly publicKey: string; readonly bytes: Uint8Array } {
  const entries = Object.entries(getObject(value, 'keys') ?? {});
  const [name, key] = entries[0] ?? [];
  if (entries.length !== 1 || name !== `ed25519:${String(key)}`) {
    throw badJson(`${what} must have exactly one key, named "ed25519:" and itself.`);
  }
  return { publicKey: String(key), bytes: publicKeyBytes(key, `The key of ${what}`) };
}

/** The master key that a self-signing or user-signing key must be signed by. */
export interface MasterKey {
  readonly publicKey: string;
  readonly bytes: Uint8Array;
}

/**
 * What is stored of a self-signing or user-signing key: with the master key's signature and no other.
 *
 * @throws MatrixError M_INVALID_SIGNATURE
 */
export function signedByMaster(key: CheckedKey, userId: string, master: MasterKey): string {
  if (!isSignedBy(key.json, userId, master.publicKey, master.bytes)) {
    throw invalidSignature(`${FIELD_OF[key.usage]} is not signed by the master key.`);
  }
  const keyId = `ed25519:${master.publicKey}`;
  const own = getObject(getObject(key.json, 'signatures') ?? {}, userId) ?? {};
  return canonicalJson({ ...signedPart(key.json), signatures: { [userId]: { [keyId]: getOwn(own, keyId) ?? '' } } });
}
