import { canonicalJson } from '../../core/canonical-json.ts';
import { fits, type UserId } from '../../core/ids.ts';
import {
  getArray,
  getInteger,
  getObject,
  getOwn,
  getString,
  isObject,
  type Json,
  type JsonObject,
} from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { checkCrossSigningKey, type MasterKey, signedByMaster, theOneKey } from '../../keys/cross-signing-keys.ts';
import { readDeviceKeys } from '../../keys/device-keys.ts';
import { signedPart } from '../../keys/signature-shape.ts';

/** A device of a user of another server. */
export interface ToldDevice {
  readonly deviceId: string;
  readonly displayName: string | undefined;
  /** Its keys in canonical JSON, without `unsigned` and the signatures of others. */
  readonly text: string;
}

/** What another server says of the devices of one of its users, as far as it is what it should be. */
export interface ToldList {
  /** The last change among the devices; undefined where the server did not say. */
  readonly streamId: number | undefined;
  readonly devices: readonly ToldDevice[];
  /** Canonical JSON, as the next one. */
  readonly masterKey: string | undefined;
  readonly selfSigningKey: string | undefined;
}

/** The public half of a user's identity. */
export type ToldKeys = Pick<ToldList, 'masterKey' | 'selfSigningKey'>;

/** More of one user's devices are not looked at, nor kept. */
export const MOST_DEVICES = 1000;
/** As many bytes of one user's device keys are kept. */
export const LARGEST_LIST = 1024 * 1024;
const LONGEST_NAME = 1000;

export const NO_DEVICES: ToldList = {
  streamId: undefined,
  devices: [],
  masterKey: undefined,
  selfSigningKey: undefined,
};

/** The answer to `GET /user/devices/{userId}`. Undefined when it is none. */
export function readDeviceList(json: Json, userId: UserId): ToldList | undefined {
  if (!isObject(json) || getString(json, 'user_id') !== userId) return undefined;
  const streamId = getInteger(json, 'stream_id');
  const devices = getArray(json, 'devices');
  if (streamId === undefined || devices === undefined) return undefined;
  const told = devices.slice(0, MOST_DEVICES).flatMap(device => {
    const deviceId = isObject(device) ? getString(device, 'device_id') : undefined;
    if (!isObject(device) || deviceId === undefined) return [];
    return readDevice(userId, deviceId, getOwn(device, 'keys'), getOwn(device, 'device_display_name')) ?? [];
  });
  const keys = readKeys(userId, getOwn(json, 'master_key'), getOwn(json, 'self_signing_key'), undefined);
  return { streamId, devices: asFarAsTheyFit(told), ...keys };
}

/** The answer to `POST /user/keys/query`, for the users that were asked for and that it names. */
export function readQuery(json: Json, userIds: Iterable<UserId>): Map<UserId, ToldList> {
  const lists = new Map<UserId, ToldList>();
  if (!isObject(json)) return lists;
  const [devices, masters, selfSigning] = ['device_keys', 'master_keys', 'self_signing_keys'].map(
    name => getObject(json, name) ?? {},
  ) as [JsonObject, JsonObject, JsonObject];
  for (const userId of userIds) {
    const ofUser = getObject(devices, userId);
    if (ofUser === undefined) continue;
    const keys = readKeys(userId, getOwn(masters, userId), getOwn(selfSigning, userId), undefined);
    lists.set(userId, { streamId: undefined, devices: readDevices(userId, ofUser), ...keys });
  }
  return lists;
}

function readDevices(userId: UserId, byDevice: JsonObject): ToldDevice[] {
  const told = Object.entries(byDevice)
    .slice(0, MOST_DEVICES)
    .flatMap(([deviceId, keys]) => {
      const unsigned = isObject(keys) ? (getObject(keys, 'unsigned') ?? {}) : {};
      return readDevice(userId, deviceId, keys, getOwn(unsigned, 'device_display_name')) ?? [];
    });
  return asFarAsTheyFit(told);
}

/** A device that is named twice counts once. */
function asFarAsTheyFit(devices: readonly ToldDevice[]): ToldDevice[] {
  let bytes = 0;
  const byId = new Map(devices.map(device => [device.deviceId, device]));
  return [...byId.values()].filter(device => {
    bytes += device.text.length;
    return bytes <= LARGEST_LIST;
  });
}

/** Undefined when the keys are not those of the device, or not what keys have to be. */
export function readDevice(
  userId: UserId,
  deviceId: string,
  keys: Json | undefined,
  name: Json | undefined,
): ToldDevice | undefined {
  if (deviceId === '' || !fits(deviceId) || keys === undefined) return undefined;
  const read = ifProper(() => readDeviceKeys(keys, userId, deviceId));
  if (read === undefined) return undefined;
  const displayName = typeof name === 'string' && name.length <= LONGEST_NAME ? name : undefined;
  return { deviceId, displayName, text: read.text };
}

/**
 * Cross-signing keys that are the user's. A self-signing key counts only with the signature of the master key, which is
 * `known` where none comes along.
 */
export function readKeys(
  userId: UserId,
  master: Json | undefined,
  selfSigning: Json | undefined,
  known: string | undefined,
): ToldKeys {
  const masterKey = master === undefined ? known : ifProper(() => withOwnSignatures(userId, master));
  if (masterKey === undefined || selfSigning === undefined) return { masterKey, selfSigningKey: undefined };
  const signer: MasterKey = theOneKey(JSON.parse(masterKey) as JsonObject, 'the master key');
  const selfSigningKey = ifProper(() =>
    signedByMaster(checkCrossSigningKey(selfSigning, userId, 'self_signing'), userId, signer),
  );
  return { masterKey, selfSigningKey };
}

/** Of the signatures those of the user's own devices: what others have signed is nothing that this server could know. */
function withOwnSignatures(userId: UserId, master: Json): string {
  const { json } = checkCrossSigningKey(master, userId, 'master');
  const own = getObject(getObject(json, 'signatures') ?? {}, userId);
  return canonicalJson({ ...signedPart(json), ...(own !== undefined && { signatures: { [userId]: own } }) });
}

/** What is not as it should be is left out, whatever else came with it. */
function ifProper<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}
