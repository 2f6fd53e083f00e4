import type { Devices } from '../accounts/devices.ts';
import type { Requester } from '../accounts/requester.ts';
import type { JsonObject } from '../core/json.ts';
import { forbidden, invalidParam, notFound } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { userPos } from '../rooms/user-log.table.ts';
import { findDehydratedDevice, putDehydratedDevice } from './dehydrated-device.table.ts';
import type { KeyUpload } from './key-upload.ts';
import { canonicalUpload } from './signature-shape.ts';
import type { ToDevice } from './to-device.ts';
import { lockUser } from './user-lock.table.ts';

/** What a pickled account takes, many times over. */
const MOST_BYTES = 64 * 1024;

export interface DehydratedDevice {
  readonly deviceId: string;
  /** What only the user can read. */
  readonly deviceData: JsonObject;
}

export interface NewDehydratedDevice extends DehydratedDevice {
  readonly displayName: string | undefined;
  /** `device_keys`, `one_time_keys` and `fallback_keys`, as in `POST /keys/upload`. */
  readonly keys: JsonObject;
}

export interface DehydratedEvents {
  readonly events: readonly JsonObject[];
  /** A position behind them. */
  readonly nextBatch: number;
  readonly more: boolean;
}

export interface DehydratedDevicesParts {
  readonly db: Database;
  /** The devices of `accounts`. */
  readonly devices: Pick<Devices, 'find' | 'ensure' | 'remove'>;
  readonly upload: KeyUpload;
  readonly toDevice: Pick<ToDevice, 'after'>;
}

/**
 * Devices that nobody is logged in with (MSC3814). Others send room keys to them as to every device; whoever logs in again
 * with the user's secret storage opens the device and reads what came meanwhile. A user has one at the most.
 */
export class DehydratedDevices {
  readonly #parts: DehydratedDevicesParts;

  constructor(parts: DehydratedDevicesParts) {
    this.#parts = parts;
  }

  /**
   * Puts a device in place of the one that is there, which goes with its keys and messages.
   *
   * @throws MatrixError M_INVALID_PARAM for the ID of a device that somebody uses, and as `KeyUpload` for wrong keys
   */
  async put(user: Requester, device: NewDehydratedDevice): Promise<void> {
    const { db, devices, upload } = this.#parts;
    const { deviceId, displayName } = device;
    const { userNid } = user;
    const data = canonicalUpload(device.deviceData, 'device_data', MOST_BYTES);
    const keys = await upload.check(user, deviceId, device.keys);
    if (keys.deviceKeys?.selfSigned !== true) throw invalidParam('A dehydrated device has device_keys that it signed.');
    await db.tx(async tx => {
      await lockUser(tx, userNid);
      const old = await findDehydratedDevice(tx, userNid);
      if (old !== undefined) await devices.remove(tx, userNid, [old.device_id]);
      if ((await devices.find(userNid, deviceId, tx)) !== undefined)
        throw invalidParam('There is a device of this ID that is in use.');
      await devices.ensure(tx, userNid, deviceId, displayName);
      await upload.store(tx, userNid, deviceId, keys);
      await putDehydratedDevice(tx, userNid, { device_id: deviceId, device_data: data });
    });
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get({ userNid }: Requester): Promise<DehydratedDevice> {
    const found = await findDehydratedDevice(this.#parts.db, userNid);
    if (found === undefined) throw notFound('There is no dehydrated device.');
    return { deviceId: found.device_id, deviceData: JSON.parse(found.device_data) as JsonObject };
  }

  /** The ID of the device that is gone. @throws MatrixError M_NOT_FOUND */
  async delete({ userNid }: Requester): Promise<string> {
    const { db, devices } = this.#parts;
    return db.tx(async tx => {
      await lockUser(tx, userNid);
      const found = await findDehydratedDevice(tx, userNid);
      if (found === undefined) throw notFound('There is no dehydrated device.');
      await devices.remove(tx, userNid, [found.device_id]);
      return found.device_id;
    });
  }

  /**
   * What was sent to the device, oldest first, behind a position. It stays: whoever is interrupted begins anew.
   *
   * @throws MatrixError M_FORBIDDEN for a device that is not dehydrated
   */
  async events({ userNid }: Requester, deviceId: string, after: number, most?: number): Promise<DehydratedEvents> {
    const { db, toDevice } = this.#parts;
    const found = await findDehydratedDevice(db, userNid);
    if (found?.device_id !== deviceId) throw forbidden('This is not your dehydrated device.');
    const upTo = await userPos(db, userNid);
    const batch = await toDevice.after(db, userNid, deviceId, after, upTo, most);
    return { events: batch.events, nextBatch: batch.upTo, more: batch.more };
  }
}
