import type { Requester } from '../accounts/requester.ts';
import type { JsonObject } from '../core/json.ts';
import { getOwn } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { crossSigningKeysOf } from './cross-signing.table.ts';
import { deviceKeysOfOne, putDeviceKeys, type StoredDeviceKeys } from './device-key.table.ts';
import { type CheckedDeviceKeys, checkDeviceKeys, ed25519Of, replacesKeys } from './device-keys.ts';
import type { DeviceLists } from './device-lists.ts';
import { otkCounts } from './key-counts.ts';
import {
  countOneTimeKeys,
  deleteOneTimeKeys,
  fallbackKeysOfOne,
  insertOneTimeKeys,
  oneTimeKeysWithIds,
  pruneClaimedKeys,
  putFallbackKey,
  type StoredOneTimeKey,
} from './one-time-key.table.ts';
import {
  checkFallbackKeys,
  checkUploadedKeys,
  isSameKey,
  type KeyOwner,
  MOST_ONE_TIME_KEYS,
  type UploadedKey,
} from './one-time-keys.ts';
import { ownDevice } from './parts.ts';
import { lockUser } from './user-lock.table.ts';

/** Keys of a device that have been looked at. */
export interface CheckedUpload {
  readonly deviceKeys: CheckedDeviceKeys | undefined;
  readonly oneTimeKeys: readonly UploadedKey[];
  readonly fallbackKeys: readonly UploadedKey[];
}

/** What a device publishes about itself: identity keys, one-time keys, fallback keys. */
export class KeyUpload {
  readonly #db: Database;
  readonly #deviceLists: DeviceLists;

  constructor(parts: { readonly db: Database; readonly deviceLists: DeviceLists }) {
    this.#db = parts.db;
    this.#deviceLists = parts.deviceLists;
  }

  /**
   * `POST /keys/upload`. Repeating an upload changes nothing.
   *
   * @returns the unclaimed one-time keys by algorithm
   * @throws MatrixError with status 400 for what is malformed, not the requester's, wrongly signed, or would replace
   *   keys that others may already trust or hold; M_FORBIDDEN when the device ID is a cross-signing key
   */
  async upload(user: Requester, body: JsonObject): Promise<{ [algorithm: string]: number }> {
    const deviceId = ownDevice(user);
    const upload = await this.check(user, deviceId, body);
    return this.#db.tx(async tx => {
      await lockUser(tx, user.userNid);
      await this.store(tx, user.userNid, deviceId, upload);
      return otkCounts(tx, user.userNid, deviceId);
    });
  }

  /** In a transaction that holds the user's lock. @throws MatrixError as `upload` does */
  async store(tx: Tx, userNid: number, deviceId: string, upload: CheckedUpload): Promise<void> {
    if (upload.deviceKeys !== undefined) await this.#storeDeviceKeys(tx, userNid, deviceId, upload.deviceKeys);
    await storeOneTimeKeys(tx, userNid, deviceId, upload.oneTimeKeys);
    await storeFallbackKeys(tx, userNid, deviceId, upload.fallbackKeys);
  }

  /** The keys of a body, for one of the user's devices. @throws MatrixError as `upload` does */
  async check(user: Requester, deviceId: string, body: JsonObject): Promise<CheckedUpload> {
    const given = getOwn(body, 'device_keys');
    const deviceKeys = given === undefined ? undefined : checkDeviceKeys(given, user.userId, deviceId);
    const ed25519 = deviceKeys?.ed25519 ?? (await this.#publishedKey(user.userNid, deviceId));
    const owner: KeyOwner = { userId: user.userId, deviceId, ed25519 };
    return {
      deviceKeys,
      oneTimeKeys: checkUploadedKeys(getOwn(body, 'one_time_keys'), 'one_time_keys', owner),
      fallbackKeys: checkFallbackKeys(getOwn(body, 'fallback_keys'), owner),
    };
  }

  async #publishedKey(userNid: number, deviceId: string): Promise<Uint8Array | undefined> {
    const stored = await deviceKeysOfOne(this.#db, userNid, deviceId);
    return stored === undefined ? undefined : ed25519Of(JSON.parse(stored.json) as JsonObject, deviceId);
  }

  async #storeDeviceKeys(tx: Tx, userNid: number, deviceId: string, keys: CheckedDeviceKeys): Promise<void> {
    const stored = await deviceKeysOfOne(tx, userNid, deviceId);
    if (stored?.json === keys.text) return;
    if (stored !== undefined) refuseReplacement(stored, keys);
    const crossSigning = await crossSigningKeysOf(tx, [userNid]);
    if (crossSigning.some(key => key.public_key === deviceId)) {
      throw forbidden('The device ID is the public key of a cross-signing key.');
    }
    const self_signed = keys.selfSigned ? 1 : 0;
    await putDeviceKeys(tx, { user_nid: userNid, device_id: deviceId, self_signed, json: keys.text });
    await this.#deviceLists.announce(tx, userNid, { devices: [deviceId] });
  }
}

/**
 * A device's keys are what others have verified, so those that the device has signed stay for as long as the device
 * does; what else the object says (algorithms) may change. Unsigned keys are trusted by no client and may go.
 */
function refuseReplacement(stored: StoredDeviceKeys, keys: CheckedDeviceKeys): void {
  if (stored.self_signed === 0) return;
  const old = JSON.parse(stored.json) as JsonObject;
  if (keys.selfSigned && !replacesKeys(old, keys.json)) return;
  throw new MatrixError(
    'M_UNKNOWN',
    'This device has published other identity keys. A client that has lost its keys must log in as a new device.',
    { status: 400 },
  );
}

async function storeOneTimeKeys(
  tx: Tx,
  userNid: number,
  deviceId: string,
  keys: readonly UploadedKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const ids = keys.map(key => key.keyId);
  const rows = await oneTimeKeysWithIds(tx, userNid, deviceId, ids);
  const stored = new Map(rows.map(row => [`${row.algorithm}:${row.key_id}`, row]));
  const fresh: UploadedKey[] = [];
  const replaced: number[] = [];
  for (const key of keys) {
    const old = stored.get(`${key.algorithm}:${key.keyId}`);
    if (old !== undefined && isSameKey(old.json, key.json)) continue;
    if (old !== undefined) replaced.push(replaceable(old));
    fresh.push(key);
  }
  await deleteOneTimeKeys(tx, replaced);
  await insertOneTimeKeys(tx, userNid, deviceId, fresh);
  await pruneClaimedKeys(tx, userNid, deviceId);
  await checkCount(tx, userNid, deviceId);
}

/** The ID of a key that was claimed may come back for another key; that of a waiting one may not. */
function replaceable(old: StoredOneTimeKey): number {
  if (old.claimed === 1) return old.nid;
  const name = `${old.algorithm}:${old.key_id}`;
  throw new MatrixError('M_UNKNOWN', `One time key ${name} already exists and is another key.`, { status: 400 });
}

async function checkCount(tx: Tx, userNid: number, deviceId: string): Promise<void> {
  let total = 0;
  for (const count of (await countOneTimeKeys(tx, userNid, deviceId)).values()) total += count;
  if (total <= MOST_ONE_TIME_KEYS) return;
  const message = `A device can have at most ${MOST_ONE_TIME_KEYS} one-time keys here.`;
  throw new MatrixError('M_TOO_LARGE', message, { status: 400 });
}

async function storeFallbackKeys(
  tx: Tx,
  userNid: number,
  deviceId: string,
  keys: readonly UploadedKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const stored = await fallbackKeysOfOne(tx, userNid, deviceId);
  for (const key of keys) {
    const old = stored.find(row => row.algorithm === key.algorithm);
    // The same key again is not unused again.
    if (old?.key_id === key.keyId && isSameKey(old.json, key.json)) continue;
    await putFallbackKey(tx, userNid, deviceId, key);
  }
}
