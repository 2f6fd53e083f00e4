import type { DeviceListener } from '../accounts/ports.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { forgetBackups } from './backup.table.ts';
import { crossSigningKeysOf, dropCrossSigningKey, dropDeviceSignatures } from './cross-signing.table.ts';
import { dropDehydratedDevice } from './dehydrated-device.table.ts';
import { deleteDeviceKeys } from './device-key.table.ts';
import type { DeviceLists } from './device-lists.ts';
import { forgetOneTimeKeys } from './one-time-key.table.ts';
import { forgetToDevice } from './to-device.table.ts';

/** Keeps keys and messages in step with the devices of `accounts`, in the transactions that change these. */
export class DeviceFollower implements DeviceListener {
  readonly #deviceLists: DeviceLists;

  constructor(deviceLists: DeviceLists) {
    this.#deviceLists = deviceLists;
  }

  async deviceRemoved(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
    await deleteDeviceKeys(tx, userNid, deviceIds);
    await forgetOneTimeKeys(tx, userNid, deviceIds);
    await forgetToDevice(tx, userNid, deviceIds);
    await dropDehydratedDevice(tx, userNid, deviceIds);
    await dropDeviceSignatures(tx, userNid, deviceIds);
    await this.#deviceLists.announce(tx, userNid, { devices: deviceIds });
  }

  async deviceChanged(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
    await this.#deviceLists.announce(tx, userNid, { devices: deviceIds });
  }

  async isReservedDeviceId(db: Queryable, userNid: number, deviceId: string): Promise<boolean> {
    const keys = await crossSigningKeysOf(db, [userNid]);
    return keys.some(key => key.public_key === deviceId);
  }

  /** An account is gone for good: its cross-signing keys and key backups go too. Its devices have been removed before. */
  async accountClosed(tx: Tx, userNid: number): Promise<void> {
    for (const key of await crossSigningKeysOf(tx, [userNid])) await dropCrossSigningKey(tx, key);
    await forgetBackups(tx, userNid);
    await this.#deviceLists.announce(tx, userNid, { crossSigning: true });
  }
}
