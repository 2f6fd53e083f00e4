import type { ServerName, UserId } from '../../core/ids.ts';
import { getArray, getBoolean, getInteger, getOwn, getString, type Json, type JsonObject } from '../../core/json.ts';
import { userOf } from '../edus/user-of.ts';
import { readDevice, type ToldDevice } from './told-lists.ts';

/** A change of one device (`m.device_list_update`). */
export interface DeviceChange {
  readonly kind: 'device';
  readonly userId: UserId;
  readonly deviceId: string;
  /** The number of the change, and that of the last one before it; undefined where the server did not say. */
  readonly streamId: number;
  readonly after: number | undefined;
  /** The device with its keys, or why it has none; undefined when they are not what they should be. */
  readonly device: ToldDevice | 'gone' | 'keyless' | undefined;
}

/** Whether clients could see the change: a device that has no keys yet is in no list. */
export function isVisible(change: ListChange): boolean {
  return change.kind === 'keys' || change.device !== 'keyless';
}

/** A change of a user's public identity (`m.signing_key_update`). */
export interface KeysChange {
  readonly kind: 'keys';
  readonly userId: UserId;
  readonly master: Json | undefined;
  readonly selfSigning: Json | undefined;
}

export type ListChange = DeviceChange | KeysChange;

/** The content of an EDU of type `m.device_list_update`; undefined unless it is about a user of `origin`. */
export function readDeviceChange(origin: ServerName, content: JsonObject): DeviceChange | undefined {
  const userId = userOf(origin, content);
  const deviceId = getString(content, 'device_id');
  const streamId = getInteger(content, 'stream_id');
  if (userId === undefined || deviceId === undefined || streamId === undefined) return undefined;
  const previous = (getArray(content, 'prev_id') ?? []).filter(id => typeof id === 'number');
  const after = previous.length === 0 ? undefined : previous.reduce((last, id) => Math.max(last, id));
  return { kind: 'device', userId, deviceId, streamId, after, device: deviceIn(userId, deviceId, content) };
}

function deviceIn(userId: UserId, deviceId: string, content: JsonObject): DeviceChange['device'] {
  const keys = getOwn(content, 'keys');
  if (getBoolean(content, 'deleted') === true) return 'gone';
  if (keys === undefined) return 'keyless';
  return readDevice(userId, deviceId, keys, getOwn(content, 'device_display_name'));
}

/** The content of an EDU of type `m.signing_key_update`; undefined unless it is about a user of `origin`. */
export function readKeysChange(origin: ServerName, content: JsonObject): KeysChange | undefined {
  const userId = userOf(origin, content);
  const master = getOwn(content, 'master_key');
  const selfSigning = getOwn(content, 'self_signing_key');
  if (userId === undefined || (master === undefined && selfSigning === undefined)) return undefined;
  return { kind: 'keys', userId, master, selfSigning };
}
