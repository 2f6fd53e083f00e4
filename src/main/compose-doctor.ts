import { repairRestored } from '../administration/restored-database.ts';
import { behind } from '../base/background.ts';
import type { Budget } from '../base/budget.ts';
import { sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Leases } from '../cluster/leases.ts';
import type { Config } from '../config/schema.ts';
import { encodeBase64 } from '../core/base64.ts';
import type { ServerName } from '../core/ids.ts';
import { lateWork } from '../federation/doctor/checks/d19-work-not-done.ts';
import { diagnose } from '../federation/doctor/diagnose.ts';
import { Doctor, type DoctorParts, type NetworkParts } from '../federation/doctor/doctor.ts';
import { Echoes } from '../federation/doctor/echoes.ts';
import { findEvents } from '../federation/doctor/find-events.ts';
import type { Served } from '../federation/doctor/gather/front.ts';
import { gatherWork, type Machine } from '../federation/doctor/gather/work.ts';
import { Judging } from '../federation/doctor/judging.ts';
import type { OwnFailures } from '../federation/doctor/own-failures.ts';
import type { PeerLedger } from '../federation/doctor/peer-ledger.ts';
import { composeRepairs } from '../federation/doctor/repairs/repairs.ts';
import { suspects } from '../federation/doctor/suspects.ts';
import { traceEvent } from '../federation/doctor/trace.ts';
import { Vantage, type VantageParts } from '../federation/doctor/vantage.ts';
import { Watch } from '../federation/doctor/watch.ts';
import type { OldKey } from '../federation/keys/published-keys.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { echoRequest } from '../http/federation/doctor/echo-request.ts';
import { lookFromHere } from '../http/federation/doctor/look-from-here.ts';
import type { DoctorRouteParts } from '../http/synapse/doctor/doctor-route-parts.ts';
import { doctorRoutes } from '../http/synapse/doctor/routes.ts';
import type { DeviceLists } from '../keys/device-lists.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { DevicePlaces } from '../sync/device-places.ts';
import type { Federation } from './compose-federation.ts';
import type { Filling } from './compose-inbox.ts';
import type { Outbound } from './compose-outbound.ts';
import type { DataFolder } from './data-folder.ts';
import { reachable } from './listen.ts';
import { keepOldKey } from './old-keys.ts';
import { wellKnownOf } from './well-known.ts';

export interface DoctorInput {
  readonly federation: Federation;
  readonly rooms: RoomsParts;
  readonly folder: Pick<DataFolder, 'path'>;
  readonly config: Config;
  readonly budget: Budget;
  readonly version: string;
  readonly sender: Outbound['sender'];
  readonly filling: Filling;
  readonly ledger: PeerLedger;
  readonly failures: OwnFailures;
  readonly machine: Machine;
  readonly devicePlaces: Pick<DevicePlaces, 'of'>;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  readonly leases: Leases;
  readonly tell: (text: string) => Promise<void>;
  readonly deviceLists: DeviceLists;
  /** What other servers call. */
  readonly routes: readonly Endpoint[];
  /** False in a simulation, where there is no network to look at. */
  readonly hasNetwork: boolean;
}

/** The federation doctor. Disposing of it ends its watch. */
export interface DoctorSide extends AsyncDisposable {
  /** For other servers' side of our public name. */
  readonly forServers: readonly Endpoint[];
  readonly forAdmins: readonly Endpoint[];
  /** Begins to watch other servers. */
  start(): void;
}

export function composeDoctor(input: DoctorInput): DoctorSide {
  const { federation, rooms, ledger, version, config } = input;
  const echoes = new Echoes(rooms);
  const parts: DoctorParts = {
    rooms,
    leases: input.leases,
    machine: input.machine,
    failures: input.failures,
    ledger,
    echoes,
    client: federation.client,
    peers: input.filling.told.peers,
    published: federation.published,
    policy: federation.reach.policy,
    notaries: config.federation.trusted_key_servers as ServerName[],
    software: `Copse ${version}`,
    upstream: upstreamOf(config),
    network: input.hasNetwork ? networkOf(input) : undefined,
  };
  const doctor = new Doctor(parts);
  const repairs = repairsOf(input, parts);
  const traceParts = {
    ...parts,
    peers: input.filling.told.peers,
    arrivals: input.filling.arrivals,
    devices: (nid: number) => input.devicePlaces.of(nid),
  };
  const tracing: Pick<DoctorRouteParts, 'trace' | 'find'> = {
    trace: (eventId, isAsking) => traceEvent(traceParts, eventId, { isAsking }),
    find: question => findEvents(rooms, question),
  };
  const stop = new AbortController();
  let watching: Promise<void> | undefined;
  const { enabled, tell_administrators: isTold } = config.federation.watch;
  const watch = new Watch({
    ...{ doctor, repairs, clock: rooms.clock, log: input.log.child('doctor'), serverName: rooms.serverName },
    suspects: () => suspects(rooms),
    hasPublicName: config.public_base_url !== undefined,
    tell: isTold ? input.tell : undefined,
  });
  const judging = new Judging(input.filling.told);
  const routeParts: DoctorRouteParts = { doctor, diagnose, repairs, watch, ...tracing };
  input.metrics?.gauge(
    'federation_troubles',
    'What is known to be wrong between this server and others.',
    () => watch.open,
  );
  return {
    forServers: [echoRequest(echoes), lookFromHere(new Vantage(vantageParts(input, parts.network)))],
    forAdmins: doctorRoutes(routeParts),
    start() {
      if (enabled && input.hasNetwork)
        watching = input.leases.hold(
          'doctor',
          behind(async signal => void (await Promise.all([watch.run(signal), judging.run(signal)]))),
          stop.signal,
        );
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
    },
  };
}

function vantageParts({ rooms, config, federation }: DoctorInput, network: NetworkParts | undefined): VantageParts {
  return {
    clock: rooms.clock,
    isAllowed: config.federation.vantage,
    policy: federation.reach.policy,
    // Others are looked at as all others are: not where their names lead into our own network.
    network: network && {
      ...network,
      served: network.front.served,
      // Others do check.
      connection: { ...network.connection, verifyTls: true },
    },
  };
}

function networkOf({ federation, rooms, config, routes }: DoctorInput): NetworkParts {
  const { resolver, nameServers, get, guard, trust, authorities, userAgent } = federation.reach;
  const { clock, random } = rooms;
  const discovery = { resolver, nameServers, get, clock, random };
  const connection = { clock, guard, trust, authorities, userAgent, verifyTls: config.federation.verify_tls };
  return {
    discovery,
    connection,
    front: {
      discovery,
      // Behind a router our own name may lead to an address of our own network.
      connection: { ...connection, guard: undefined, verifyTls: true },
      expected: wellKnownOf(config).server,
      served: routes.filter(isForServers),
    },
  };
}

function isForServers({ path }: Served): boolean {
  return path.startsWith('/_matrix/federation/') || path.startsWith('/_matrix/key/');
}

/** Undefined where it listens on any free port. */
function upstreamOf({ listen: { client } }: Config): string | undefined {
  if (client.port === 0) return undefined;
  return `http://${reachable(client.host)}:${client.port}`;
}

const LOOK_MS = 100;
const LONGEST_MS = 60_000;

function repairsOf(input: DoctorInput, parts: DoctorParts) {
  const { federation, rooms, sender, filling, leases, ledger } = input;
  const { clock } = rooms;
  const drained = async (signal: AbortSignal) => {
    const began = clock.monotonic();
    while (filling.drain.busy > 0 && !signal.aborted && clock.monotonic() - began < LONGEST_MS)
      await sleep(clock, LOOK_MS, signal);
  };
  const renewWork = async () => {
    const late = lateWork(await gatherWork({ rooms, leases }, ledger.startedAt), clock.now()).map(({ work }) => work);
    for (const work of late) leases.renew(work);
    return late;
  };
  const beginEpoch = () => repairRestored({ ...rooms, deviceLists: input.deviceLists });
  const { client, notaries, published } = parts;
  const keys = { client, notaries, published, keepOldKey: sharingOldKeys(input) };
  return composeRepairs({
    rooms,
    sender,
    keyRing: federation.keyRing,
    drained,
    renewWork,
    beginEpoch,
    ...keys,
    ...filling,
  });
}

/** The bus subject on which an old key of ours that was found again is told, as JSON. */
const OLD_KEY_SUBJECT = 'doctor.old_key';

/** Each process publishes our keys, and has a folder of its own. */
function sharingOldKeys({ federation, rooms, folder }: DoctorInput): (key: OldKey) => void {
  const keep = (key: OldKey) => {
    keepOldKey(folder.path, key);
    federation.published.add(key);
  };
  rooms.bus.subscribe(OLD_KEY_SUBJECT, message => {
    const { publicKey, ...key } = JSON.parse(message) as Omit<OldKey, 'publicKey'> & { readonly publicKey: string };
    keep({ ...key, publicKey: Buffer.from(publicKey, 'base64') });
  });
  return key => {
    keep(key);
    rooms.bus.publish(OLD_KEY_SUBJECT, JSON.stringify({ ...key, publicKey: encodeBase64(key.publicKey) }));
  };
}
