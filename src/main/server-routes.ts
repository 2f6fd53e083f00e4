import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import type { PeerLedger } from '../federation/doctor/peer-ledger.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { federationDeviceRoutes } from '../http/federation/devices/routes.ts';
import { membershipRoutes } from '../http/federation/membership/routes.ts';
import { roomEventsRoutes } from '../http/federation/rooms/routes.ts';
import { federationRoutes } from '../http/federation/routes.ts';
import { sendTransaction } from '../http/federation/transactions/send-transaction.ts';
import type { Federation } from './compose-federation.ts';
import type { InboxLoop } from './compose-inbox.ts';
import type { Parts } from './compose-parts.ts';
import { queryRoutes } from './compose-queries.ts';
import type { Remote } from './compose-remote.ts';
import { inviteGuard } from './invite-guard.ts';

export interface ServerSide {
  readonly federation: Federation;
  readonly remote: Remote;
  readonly incoming: InboxLoop;
  readonly parts: Parts;
  readonly config: Config;
  readonly clock: Clock;
  readonly version: string;
  readonly ledger: Pick<PeerLedger, 'noteVersion'>;
}

/** Every endpoint that other servers call. */
export function serverRoutes(side: ServerSide): Endpoint[] {
  const { federation, remote, incoming, parts, config, clock, version, ledger } = side;
  const { checked } = federation;
  const { memberships } = remote;
  const guard = inviteGuard(parts);
  return [
    ...federationRoutes({ ...federation, clock, version }),
    ...membershipRoutes({
      rooms: parts.rooms,
      checked,
      memberships,
      guard,
      noteVersion: (server, trouble) => ledger.noteVersion(server, trouble),
      exchange: remote.exchangeInvite,
    }),
    ...roomEventsRoutes(parts),
    sendTransaction({ inbox: incoming.inbox }),
    ...federationDeviceRoutes({ ...parts.rooms, keys: parts.keys }),
    ...queryRoutes(parts, config),
  ];
}
