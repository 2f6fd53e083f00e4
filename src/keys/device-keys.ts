import { getArray, getObject, getOwn, getString, isObject, type Json, type JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import {
  badJson,
  canonicalUpload,
  invalidSignature,
  isSignedBy,
  ownSignatures,
  publicKeyBytes,
} from './signature-shape.ts';

const MAX_BYTES = 32 * 1024;
const MOST_ALGORITHMS = 32;
const MOST_KEYS = 32;
const LONGEST_ALGORITHM = 255;
/** Identity keys that are 32 bytes; other algorithms may bring keys of other lengths. */
const SHORT_KEYS = new Set(['ed25519', 'curve25519']);
const LONGEST_KEY = 4096;

export interface ReadDeviceKeys {
  /** As uploaded, without `unsigned` and without signatures of others. */
  readonly json: JsonObject;
  /** Canonical JSON of `json`. */
  readonly text: string;
  readonly ed25519: Uint8Array;
  /** The owner's signatures. */
  readonly own: JsonObject;
}

export interface CheckedDeviceKeys extends ReadDeviceKeys {
  /** Whether the device's own signature is there. Clients trust no device without it. */
  readonly selfSigned: boolean;
}

/**
 * Checks the `device_keys` of an upload (client-server API, "Device keys"; data type DeviceKeys).
 *
 * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM, M_INVALID_SIGNATURE, all with status 400
 */
export function checkDeviceKeys(value: Json, userId: string, deviceId: string): CheckedDeviceKeys {
  const keys = readDeviceKeys(value, userId, deviceId);
  const selfSigned = Object.hasOwn(keys.own, `ed25519:${deviceId}`);
  if (selfSigned && !isSignedBy(keys.json, userId, deviceId, keys.ed25519)) {
    throw invalidSignature("The device's signature of its device_keys is wrong.");
  }
  return { ...keys, selfSigned };
}

/**
 * The same without verifying the signature: for what another server says of its users, of which there may be thousands.
 * Clients verify it in any case.
 */
export function readDeviceKeys(value: Json, userId: string, deviceId: string): ReadDeviceKeys {
  if (!isObject(value)) throw badJson('device_keys must be an object.');
  checkOwner(value, userId, deviceId);
  checkAlgorithms(value);
  checkKeys(value, deviceId);
  const own = ownSignatures(getOwn(value, 'signatures'), userId, 'device_keys');
  const { unsigned: _, ...rest } = value;
  const json = { ...rest, signatures: Object.keys(own).length === 0 ? {} : { [userId]: own } };
  const text = canonicalUpload(json, 'device_keys', MAX_BYTES);
  return { json, text, ed25519: ed25519Of(value, deviceId), own };
}

function checkOwner(value: JsonObject, userId: string, deviceId: string): void {
  for (const [name, own] of Object.entries({ user_id: userId, device_id: deviceId })) {
    const given = getString(value, name);
    if (given === undefined) throw badJson(`device_keys must have a string "${name}".`);
    if (given !== own) throw invalidParam(`The ${name} of device_keys is not that of the access token.`);
  }
}

function checkAlgorithms(value: JsonObject): void {
  const algorithms = getArray(value, 'algorithms');
  if (algorithms === undefined) throw badJson('device_keys must have an array "algorithms".');
  if (algorithms.length > MOST_ALGORITHMS) throw badJson(`device_keys has more than ${MOST_ALGORITHMS} algorithms.`);
  for (const algorithm of algorithms) {
    if (typeof algorithm !== 'string' || algorithm.length > LONGEST_ALGORITHM) {
      throw badJson('The algorithms of device_keys must be short strings.');
    }
  }
}

function checkKeys(value: JsonObject, deviceId: string): void {
  const keys = getObject(value, 'keys');
  if (keys === undefined) throw badJson('device_keys must have an object "keys".');
  if (Object.keys(keys).length > MOST_KEYS) throw badJson(`device_keys has more than ${MOST_KEYS} keys.`);
  for (const [keyId, key] of Object.entries(keys)) {
    const algorithm = keyId.slice(0, keyId.indexOf(':'));
    if (!/^[a-z0-9_.]{1,64}$/.test(algorithm) || keyId !== `${algorithm}:${deviceId}`) {
      throw badJson('The keys of device_keys must be named ALGORITHM:DEVICE_ID.');
    }
    if (SHORT_KEYS.has(algorithm)) publicKeyBytes(key, keyId);
    else if (typeof key !== 'string' || key.length > LONGEST_KEY) throw badJson(`${keyId} must be a string.`);
  }
}

/** The ed25519 key of device keys. @throws MatrixError M_BAD_JSON when they have none */
export function ed25519Of(deviceKeys: JsonObject, deviceId: string): Uint8Array {
  const keys = getObject(deviceKeys, 'keys') ?? {};
  return publicKeyBytes(getOwn(keys, `ed25519:${deviceId}`), 'The ed25519 key of device_keys');
}

/** Whether `next` lacks or changes a public key that `old` has. */
export function replacesKeys(old: JsonObject, next: JsonObject): boolean {
  const keys = getObject(next, 'keys') ?? {};
  return Object.entries(getObject(old, 'keys') ?? {}).some(([keyId, key]) => getOwn(keys, keyId) !== key);
}
