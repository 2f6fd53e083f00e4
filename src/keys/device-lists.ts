import type { Bus } from '../bus/bus.ts';
import type { Tx } from '../db/database.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';
import { putDeviceListChange } from './device-list.table.ts';
import type { RoomAnnouncer } from './ports.ts';

/** Tells those who may know of a user's devices that these have changed (client-server API, "Tracking the device list for a user"). */
export class DeviceLists {
  readonly #bus: Bus;
  readonly #rooms: RoomAnnouncer;

  constructor(parts: { readonly bus: Bus; readonly rooms: RoomAnnouncer }) {
    this.#bus = parts.bus;
    this.#rooms = parts.rooms;
  }

  /**
   * A local user's devices, device keys, device names or public cross-signing keys changed: the user's own devices
   * and everybody in the user's rooms will see it.
   */
  async announce(tx: Tx, userNid: number): Promise<void> {
    await this.announceTo(tx, userNid, userNid);
    await this.#rooms.deviceListChanged(tx, userNid);
  }

  /** Only the devices of `userNid` see that the keys of `changedNid` look different to them now. */
  async announceTo(tx: Tx, userNid: number, changedNid: number): Promise<void> {
    const pos = await nextUserPos(tx, this.#bus, userNid);
    await putDeviceListChange(tx, userNid, changedNid, pos);
  }
}
