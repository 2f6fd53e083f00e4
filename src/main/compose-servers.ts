import type { LimitName } from '../accounts/rate-limits.ts';
import type { Admission } from '../base/admission.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Leases } from '../cluster/leases.ts';
import type { ServerName } from '../core/ids.ts';
import type { Machine } from '../federation/doctor/gather/work.ts';
import { OwnFailures } from '../federation/doctor/own-failures.ts';
import { PeerLedger } from '../federation/doctor/peer-ledger.ts';
import type { MissingStatus } from '../federation/gaps/missing-status.ts';
import type { AuthenticateServer } from '../federation/inbound/request-authentication.ts';
import { ServerLimits } from '../federation/inbound/server-limits.ts';
import type { JoinsStatus } from '../federation/joining/join-status.ts';
import { DestinationList } from '../federation/outbound/destination-list.ts';
import type { OutboundCounters } from '../federation/outbound/outbound-metrics.ts';
import { outboundCounters } from '../federation/outbound/outbound-metrics.ts';
import type { OutboundStatus } from '../federation/outbound/outbound-status.ts';
import { type PlacedEndpoint, servedBy } from '../http/served-by.ts';
import { destinationRoutes } from '../http/synapse/destinations/routes.ts';
import { listJoins } from '../http/synapse/joins/list-joins.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { RemoteHistory } from '../rooms/ports.ts';
import { composeDoctor } from './compose-doctor.ts';
import { composeFederation, type Federation, type FederationInput } from './compose-federation.ts';
import { composeInbox } from './compose-inbox.ts';
import { composeMemberships, type MembershipsLoop } from './compose-memberships.ts';
import { composeOutbound } from './compose-outbound.ts';
import type { Parts } from './compose-parts.ts';
import { composeRemote, type Remote } from './compose-remote.ts';
import { serverRoutes } from './server-routes.ts';
import { tellAdministrators } from './tell-administrators.ts';

export interface ServersInput extends FederationInput {
  readonly admission: Admission;
  readonly metrics: Metrics | undefined;
  readonly leases: Leases;
  /** Where its data lie, and how it ended before. */
  readonly machine: Machine;
}

/**
 * Other servers, as far as they can be asked before there are rooms here. Rooms are built with it, and then it is
 * `joinTo` them. Disposing of it closes the connections that are kept.
 */
export interface OtherServers extends Disposable {
  /** What the parts of this server ask others for. */
  readonly remote: Remote;
  /** Whatever was opened for it is put on `opened`, to be closed before the parts are. */
  joinTo(parts: Parts, opened: AsyncDisposableStack): Federating;
}

export interface ServersStatus {
  readonly outbound: OutboundStatus;
  readonly missing: MissingStatus;
  readonly joins: JoinsStatus;
}

/** Talking to other servers, both ways. */
export interface Federating {
  /** Every endpoint that they call. */
  readonly routes: readonly PlacedEndpoint[];
  /** What administrators ask about it. */
  readonly forAdmins: readonly PlacedEndpoint[];
  readonly authenticateServer: AuthenticateServer;
  /** Counts a request that a server signed. @throws MatrixError M_LIMIT_EXCEEDED */
  readonly countServer: (limit: LimitName, origin: ServerName) => Promise<void>;
  /** A request failed by an error of ours. */
  readonly failed: (route: string, error: unknown) => void;
  readonly history: RemoteHistory;
  /** Takes up what an earlier run left. */
  start(): Promise<void>;
  status(): Promise<ServersStatus>;
  /** By how much the clocks of others are ahead of ours. */
  clocks(): { readonly servers: number; readonly aheadMs: number };
}

/** Undefined where this server keeps to itself. @throws TlsFileError, DataFolderError */
export function composeServers(input: ServersInput): OtherServers | undefined {
  if (!input.config.federation.enabled) return undefined;
  const federation = composeFederation(input);
  const counters = outboundCounters(input.metrics);
  let rooms: RoomsParts | undefined;
  const ledger = new PeerLedger(input);
  const joining = composeMemberships({ ...input, federation, ledger, rooms: () => joined(rooms) });
  const { clock, budget, log, folder, config } = input;
  const remote = composeRemote(federation, {
    ...{ clock, budget, log, counters },
    serverName: folder.serverName,
    pace: config.federation.retry,
    memberships: joining.memberships,
  });
  return {
    remote,
    joinTo(parts, opened) {
      rooms = parts.rooms;
      return join({ ...input, federation, counters, joining, remote, parts, ledger }, opened);
    },
    [Symbol.dispose]: () => federation[Symbol.dispose](),
  };
}

function joined(rooms: RoomsParts | undefined): RoomsParts {
  if (rooms === undefined) throw new Error('other servers were asked for a room before there were rooms');
  return rooms;
}

interface Joined extends ServersInput {
  readonly federation: Federation;
  readonly counters: OutboundCounters;
  readonly joining: MembershipsLoop;
  readonly remote: Remote;
  readonly parts: Parts;
  readonly ledger: PeerLedger;
}

function join(all: Joined, opened: AsyncDisposableStack): Federating {
  const { federation, joining, parts, config, ledger } = all;
  opened.use(joining);
  const { client } = federation;
  const isTakingIn = () => incoming.filling.drain.busy > 0;
  const sending = { ...all, ...parts, client, retry: config.federation.retry, isTakingIn };
  const outbound = opened.use(composeOutbound(sending));
  const incoming = opened.use(composeInbox({ ...all, rooms: parts.rooms, edus: parts.edus }));
  const routes = serverRoutes({ ...all, incoming });
  const { rooms } = parts;
  const destinations = new DestinationList({ ...rooms, ...outbound });
  const tell = tellAdministrators(parts);
  const failures = new OwnFailures(all);
  const serverLimits = new ServerLimits<LimitName>(rooms, (limit, key) => parts.accounts.limits.countKey(limit, key));
  const { deviceLists } = parts.keys;
  const hasNetwork = all.carry === undefined;
  const doctor = opened.use(
    composeDoctor({
      ...{ ...all, ...parts, ...incoming, ...outbound },
      ...{ tell, rooms, ledger, failures, routes, hasNetwork, deviceLists },
    }),
  );
  return {
    routes: servedBy('federation-in', [...routes, ...doctor.forServers]),
    forAdmins: servedBy('client', [
      ...doctor.forAdmins,
      ...destinationRoutes({ destinations }),
      listJoins(() => joining.status()),
    ]),
    authenticateServer: outbound.hearing(ledger.noting(federation.authenticateServer)),
    countServer: (limit, origin) => serverLimits.count(limit, origin),
    failed: (route, error) => failures.note(route, error),
    history: incoming.history,
    async start() {
      await incoming.start();
      joining.start();
      outbound.start();
      doctor.start();
    },
    clocks: () => federation.clocks.median(),
    status: async () => ({
      outbound: await outbound.status(),
      missing: await incoming.missing(),
      joins: await joining.status(),
    }),
  };
}
