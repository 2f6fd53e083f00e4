import type { Clock } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import type { ListStretch, RemoteDeviceLists } from '../../keys/ports.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { queueListForAll } from './outbound-device-list.table.ts';
import { announceWork } from './work-subject.ts';

export interface DeviceListQueueParts {
  readonly nids: Nids;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly serverName: ServerName;
}

/** Has the servers that share a room with a user told of changes of the user's device list. */
export class DeviceListQueue implements RemoteDeviceLists {
  readonly #parts: DeviceListQueueParts;

  constructor(parts: DeviceListQueueParts) {
    this.#parts = parts;
  }

  async changed(tx: Tx, userNid: number, { from, to, previous }: ListStretch): Promise<void> {
    const { nids, bus, clock, serverName } = this.#parts;
    const own = await nids.domains.internOne(tx, serverName);
    const since = clock.now();
    const list = { userNid, from, to, previous: previous === 0 ? null : previous, since };
    const waiting = await queueListForAll(tx, own, list);
    tx.afterCommit(() => announceWork(bus, waiting));
  }
}
