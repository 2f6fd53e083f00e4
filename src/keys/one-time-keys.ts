import { canonicalJson } from '../core/canonical-json.ts';
import { getOwn, isObject, type Json, type JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import {
  badJson,
  canonicalUpload,
  invalidSignature,
  isSignedBy,
  ownSignatures,
  publicKeyBytes,
  signedPart,
} from './signature-shape.ts';

/** One-time keys that the server holds for a device. Clients keep 50 to 100 there. */
export const MOST_ONE_TIME_KEYS = 200;
const MAX_KEY_BYTES = 4096;
const SIGNED = 'signed_curve25519';

/** A one-time or fallback key that was uploaded. */
export interface UploadedKey {
  readonly algorithm: string;
  /** Without the algorithm. */
  readonly keyId: string;
  /** Canonical JSON of the key. */
  readonly json: string;
}

/** Who uploads; the ed25519 key where the device has published one. */
export interface KeyOwner {
  readonly userId: string;
  readonly deviceId: string;
  readonly ed25519: Uint8Array | undefined;
}

/**
 * Checks `one_time_keys` or `fallback_keys` of an upload (client-server API, "One-time and fallback keys").
 *
 * @throws MatrixError M_BAD_JSON, M_TOO_LARGE, M_INVALID_SIGNATURE, all with status 400
 */
export function checkUploadedKeys(value: Json | undefined, field: string, owner: KeyOwner): UploadedKey[] {
  if (value === undefined) return [];
  if (!isObject(value)) throw badJson(`${field} must be an object.`);
  const entries = Object.entries(value);
  if (entries.length > MOST_ONE_TIME_KEYS) {
    throw new MatrixError('M_TOO_LARGE', `${field} has more than ${MOST_ONE_TIME_KEYS} keys.`, { status: 400 });
  }
  return entries.map(([name, key]) => checkOne(name, key, owner));
}

/** The same for `fallback_keys`, of which there is one for each algorithm. */
export function checkFallbackKeys(value: Json | undefined, owner: KeyOwner): UploadedKey[] {
  const keys = checkUploadedKeys(value, 'fallback_keys', owner);
  if (new Set(keys.map(key => key.algorithm)).size !== keys.length) {
    throw badJson('fallback_keys has two keys of one algorithm.');
  }
  return keys;
}

function checkOne(name: string, key: Json, owner: KeyOwner): UploadedKey {
  const [, algorithm, keyId] = /^([a-z0-9_.]{1,64}):([!-~]{1,128})$/.exec(name) ?? [];
  if (algorithm === undefined || keyId === undefined) throw badJson('Keys must be named ALGORITHM:KEY_ID.');
  const json = canonicalUpload(key, name, MAX_KEY_BYTES);
  if (isObject(key)) checkKeyObject(name, key, owner, algorithm === SIGNED);
  else if (typeof key !== 'string' || algorithm === SIGNED) throw badJson(`${name} must be a key object.`);
  return { algorithm, keyId, json };
}

/** Whoever claims a forged key would refuse it and have used up a claim, so it is refused here. */
function checkKeyObject(name: string, key: JsonObject, owner: KeyOwner, mustBeSigned: boolean): void {
  const publicKey = getOwn(key, 'key');
  if (typeof publicKey !== 'string') throw badJson(`${name} must have a string "key".`);
  ownSignatures(getOwn(key, 'signatures'), owner.userId, name);
  if (!mustBeSigned) return;
  publicKeyBytes(publicKey, name);
  if (owner.ed25519 !== undefined && !isSignedBy(key, owner.userId, owner.deviceId, owner.ed25519)) {
    throw invalidSignature(`${name} is not signed by the device's ed25519 key.`);
  }
}

/** Whether two stored texts are the same key. Signatures may differ between attempts to upload one key. */
export function isSameKey(one: string, other: string): boolean {
  if (one === other) return true;
  const keys = [one, other].map(text => JSON.parse(text) as Json);
  if (!keys.every(isObject)) return false;
  const [a, b] = keys.map(key => canonicalJson(signedPart(key as JsonObject)));
  return a === b;
}
