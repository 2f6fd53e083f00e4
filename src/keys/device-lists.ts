import type { Clock } from '../base/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Tx } from '../db/database.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';
import {
  CROSS_SIGNING,
  deviceListStreamId,
  pruneListChanges,
  putDeviceListChange,
  putListChange,
} from './device-list.table.ts';
import type { RemoteDeviceLists, RoomAnnouncer } from './ports.ts';

/** What of a device list changed; at least one thing. */
export interface ListChanges {
  /** Devices that are new, gone, or say something else about themselves now. */
  readonly devices?: readonly string[];
  /** The master or self-signing key, or what devices say of the master key. */
  readonly crossSigning?: boolean;
}

export interface DeviceListsParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly rooms: RoomAnnouncer;
  readonly remoteDeviceLists?: RemoteDeviceLists | undefined;
}

/** Changes of devices that are gone which are kept: others are told of each one up to a tenth as many. */
const KEPT_CHANGES = 200;

/** Tells those who may know of a user's devices that these have changed (client-server API, "Tracking the device list for a user"). */
export class DeviceLists {
  readonly #parts: DeviceListsParts;

  constructor(parts: DeviceListsParts) {
    this.#parts = parts;
  }

  /**
   * A local user's devices, device keys, device names or public cross-signing keys changed: the user's own devices
   * and everybody in the user's rooms will see it.
   */
  async announce(tx: Tx, userNid: number, { devices = [], crossSigning = false }: ListChanges): Promise<void> {
    const { bus, clock, rooms, remoteDeviceLists } = this.#parts;
    const previous = await deviceListStreamId(tx, userNid);
    const changed = crossSigning ? [...devices, CROSS_SIGNING] : devices;
    const streamIds: number[] = [];
    for (const device_id of changed) {
      const stream_id = await nextUserPos(tx, bus, userNid);
      await putListChange(tx, userNid, { device_id, stream_id }, clock.now());
      streamIds.push(stream_id);
    }
    const [from] = streamIds;
    const to = streamIds.at(-1);
    if (from === undefined || to === undefined) return;
    await pruneListChanges(tx, userNid, KEPT_CHANGES);
    await putDeviceListChange(tx, userNid, userNid, to);
    await rooms.deviceListChanged(tx, userNid);
    await remoteDeviceLists?.changed(tx, userNid, { from, to, previous });
  }

  /** Only the devices of `userNid` see that the keys of `changedNid` look different to them now. */
  async announceTo(tx: Tx, userNid: number, changedNid: number): Promise<void> {
    const pos = await nextUserPos(tx, this.#parts.bus, userNid);
    await putDeviceListChange(tx, userNid, changedNid, pos);
  }
}
