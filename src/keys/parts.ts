import type { Requester } from '../accounts/requester.ts';
import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServerName } from '../core/ids.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import type { LocalDevices, RemoteDeviceLists, RemoteKeys, RemoteToDevice, RoomAnnouncer } from './ports.ts';

/** Everything that the classes of this part are built from; each of them names what it takes. */
export interface KeyParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly serverName: ServerName;
  readonly devices: LocalDevices;
  readonly rooms: RoomAnnouncer;
  /** Absent when the server does not federate. */
  readonly remoteKeys?: RemoteKeys | undefined;
  /** Absent when the server does not federate. */
  readonly remoteToDevice?: RemoteToDevice | undefined;
  /** Absent when the server does not federate. */
  readonly remoteDeviceLists?: RemoteDeviceLists | undefined;
}

/** The device that a request comes from. @throws MatrixError M_INVALID_PARAM for an appservice without one */
export function ownDevice(user: Requester): string {
  if (user.deviceId === undefined) throw invalidParam('Keys belong to a device; this access token has none.');
  return user.deviceId;
}
