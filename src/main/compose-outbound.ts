import type { RetrySettings } from '../base/backoff.ts';
import type { Budget } from '../base/budget.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Leases } from '../cluster/leases.ts';
import type { ServerName } from '../core/ids.ts';
import type { AuthenticateServer } from '../federation/inbound/request-authentication.ts';
import { Acknowledgements } from '../federation/outbound/acknowledgements.ts';
import { Courier } from '../federation/outbound/courier.ts';
import { DeviceListQueue } from '../federation/outbound/device-list-queue.ts';
import { Ephemeral } from '../federation/outbound/ephemeral.ts';
import { LogFollower } from '../federation/outbound/log-follower.ts';
import { showOutbound } from '../federation/outbound/outbound-gauges.ts';
import type { OutboundCounters } from '../federation/outbound/outbound-metrics.ts';
import { type OutboundStatus, outboundStatus } from '../federation/outbound/outbound-status.ts';
import { OutgoingPresence } from '../federation/outbound/outgoing-presence.ts';
import { OutgoingTyping } from '../federation/outbound/outgoing-typing.ts';
import { Sender } from '../federation/outbound/sender.ts';
import { SignsOfLife } from '../federation/outbound/signs-of-life.ts';
import { SLOTS, slotOf } from '../federation/outbound/slots.ts';
import { ToDeviceQueue } from '../federation/outbound/to-device-queue.ts';
import type { FederationClient } from '../federation/transport/federation-client.ts';
import { accountDevices } from '../keys/account-devices.table.ts';
import type { Keys } from '../keys/keys.ts';
import type { RemoteDeviceLists, RemoteToDevice } from '../keys/ports.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Presence } from '../sync/presence/presence.ts';
import type { Typing } from '../sync/typing.ts';

/** What waits in the database for other servers and is put there by `keys`. */
export interface OutboundQueues {
  readonly remoteToDevice: RemoteToDevice;
  readonly remoteDeviceLists: RemoteDeviceLists;
}

export type QueueParts = Pick<RoomsParts, 'nids' | 'bus' | 'clock' | 'serverName'>;

export function outboundQueues(rooms: QueueParts, log: Log, counters: OutboundCounters): OutboundQueues {
  return {
    remoteToDevice: new ToDeviceQueue({ ...rooms, log: log.child('federation'), counters }),
    remoteDeviceLists: new DeviceListQueue(rooms),
  };
}

export interface OutboundInput {
  readonly client: Pick<FederationClient, 'request'>;
  readonly rooms: RoomsParts;
  readonly keys: Pick<Keys, 'query'>;
  readonly typing: Pick<Typing, 'listen'>;
  /** Undefined where it is switched off. */
  readonly presence: Pick<Presence, 'listen' | 'contentOf'> | undefined;
  readonly retry: RetrySettings;
  readonly log: Log;
  readonly budget: Budget;
  readonly counters: OutboundCounters;
  readonly metrics: Metrics | undefined;
  readonly leases: Leases;
  /** Whether events of other servers are being taken in just now. */
  readonly isTakingIn: () => boolean;
}

/** What sends to other servers. Disposing of it ends its loops; what waits is on the disk. */
export interface Outbound extends AsyncDisposable {
  readonly follower: LogFollower;
  readonly sender: Sender;
  start(): void;
  /** Wakes what waits for a server whenever a request of it is found to be real. */
  hearing(authenticate: AuthenticateServer): AuthenticateServer;
  status(): Promise<OutboundStatus>;
}

/** The lease of whoever notes what the logs have for other servers. */
const NOTING = 'federation-log';

/** The lease of whoever sends to the servers of a slot. */
function leaseOf(slot: number): string {
  return `federation-out-${slot}`;
}

/** The part of the memory budget that transactions under way may hold. */
const MEMORY_PART = 1 / 8;

export function composeOutbound(input: OutboundInput): Outbound {
  const { rooms, keys, typing, presence, budget, metrics } = input;
  const { db, bus, clock, random, serverName } = rooms;
  const log = input.log.child('federation');
  const stop = new AbortController();
  const ephemeral = new Ephemeral();
  const follower = new LogFollower({ db, bus, clock, log, store: rooms, serverName });
  const courier = new Courier({
    ...input,
    identity: rooms,
    ...{ db, store: rooms, serverName, clock, random, log, follower, ephemeral },
    keys: keys.query,
    devices: accountDevices,
    account: budget.account('federation_out', MEMORY_PART),
    acknowledgements: new Acknowledgements({ db, clock, rooms: rooms.rooms }),
  });
  const sender = new Sender({ db, bus, clock, log, courier });
  const owns = (domainNid: number) => sender.serves(domainNid) && input.leases.holds(leaseOf(slotOf(domainNid)));
  const told = { db, store: rooms, clock, log, serverName, ephemeral, sender, owns };
  const outgoingTyping = new OutgoingTyping(told);
  const signs = new SignsOfLife({ bus, clock });
  const listeners = new DisposableStack();
  listeners.use(signs.listen(nid => noteLife(sender.heard(nid))));
  listeners.use(outgoingTyping);
  listeners.use(typing.listen((room, user, isTyping) => outgoingTyping.changed(room, user, isTyping)));
  if (presence !== undefined) {
    const outgoing = listeners.use(new OutgoingPresence({ ...told, contentOf: nid => presence.contentOf(nid) }));
    listeners.use(presence.listen(userNids => outgoing.changed(userNids)));
  }
  if (metrics !== undefined) showOutbound(metrics, db, clock, sender);
  let loops: readonly Promise<void>[] = [];

  return {
    follower,
    sender,
    start() {
      const { signal } = stop;
      const hold = (name: string, work: (turn: AbortSignal) => Promise<void>) => input.leases.hold(name, work, signal);
      loops = [
        hold(NOTING, turn => follower.run(turn)),
        ...Array.from({ length: SLOTS }, (_, slot) => hold(leaseOf(slot), turn => sender.serve(slot, turn))),
        sender.run(signal),
      ];
    },
    hearing: authenticate => async request => {
      const origin = await authenticate(request);
      noteLife(heard(origin));
      return origin;
    },
    status: () => outboundStatus({ db, clock, nids: rooms.nids, sender }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      listeners.dispose();
      await Promise.all(loops);
    },
  };

  async function heard(server: ServerName): Promise<void> {
    const nid = await rooms.nids.domains.findOne(db, server);
    if (nid === undefined) return;
    if (sender.isFailing(nid)) await sender.heard(nid);
    else signs.tell(nid);
  }

  function noteLife(noted: Promise<void>): void {
    noted.catch((error: unknown) => log.debug('A sign of life was missed.', { err: error }));
  }
}
