import type { RemoteProfiles } from '../accounts/ports.ts';
import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import type { ServerName } from '../core/ids.ts';
import type { PaceSettings } from '../federation/keys/fetch-pace.ts';
import { FederatedMedia } from '../federation/media/remote-media.ts';
import { exchangeInvite } from '../federation/membership/bound-invites.ts';
import type { OutboundCounters } from '../federation/outbound/outbound-metrics.ts';
import { PolicyServers } from '../federation/policy/policy-server.ts';
import { QueryClient } from '../federation/queries/query-client.ts';
import { FederatedDirectory } from '../federation/queries/remote-directory.ts';
import { FederatedProfiles } from '../federation/queries/remote-profiles.ts';
import { FederatedRooms } from '../federation/queries/remote-rooms.ts';
import type { RemoteMedia } from '../media/ports.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { PolicySigner, RemoteDirectory, RemoteMemberships, RemoteRooms } from '../rooms/ports.ts';
import type { InviteExchange } from '../rooms/proven-invite.ts';
import { composeRemoteDevices, type RemoteDevices } from './compose-devices.ts';
import type { Federation } from './compose-federation.ts';
import { type OutboundQueues, outboundQueues, type QueueParts } from './compose-outbound.ts';

/** What parts learn from other servers by asking them. */
export interface Remote {
  readonly media: RemoteMedia;
  readonly directory: RemoteDirectory;
  readonly memberships: RemoteMemberships;
  readonly policies: PolicySigner;
  readonly rooms: RemoteRooms;
  readonly profiles: RemoteProfiles;
  readonly exchangeInvite: InviteExchange;
  /** The devices of other servers' users; what is under way ends with `signal`. */
  devices(rooms: RoomsParts, signal: AbortSignal): RemoteDevices;
  readonly queues: (rooms: QueueParts) => OutboundQueues;
}

export interface RemoteInput {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly serverName: ServerName;
  readonly pace: PaceSettings;
  readonly log: Log;
  readonly counters: OutboundCounters;
  readonly memberships: RemoteMemberships;
}

export function composeRemote(
  { client, https }: Federation,
  { clock, budget, serverName, pace, log, counters, memberships }: RemoteInput,
): Remote {
  const queries = new QueryClient({ client, clock, budget });
  return {
    media: new FederatedMedia({ client, https, clock }),
    directory: new FederatedDirectory(queries),
    memberships,
    policies: new PolicyServers({ client, crypto: nodeCrypto }),
    rooms: new FederatedRooms({ queries, clock, budget, serverName }),
    profiles: new FederatedProfiles({ queries, clock, budget }),
    exchangeInvite: (server, roomId, event) => exchangeInvite(client, server, roomId, event),
    devices: (rooms, signal) => composeRemoteDevices({ client }, { rooms, pace, signal }),
    queues: rooms => outboundQueues(rooms, log, counters),
  };
}
