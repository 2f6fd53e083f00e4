import { hostname } from 'node:os';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Bus } from '../bus/bus.ts';
import { type ClusterStatus, clusterStatus } from '../cluster/cluster-status.ts';
import { type Leases, SoleLeases } from '../cluster/leases.ts';
import { Member } from '../cluster/member.ts';
import { isRole, leasesOf } from '../cluster/roles.ts';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/database.ts';
import { isServedBy, type PlacedEndpoint } from '../http/served-by.ts';
import { addressForOthers } from './own-address.ts';

/** This process among those that are one server together. Disposing of it hands on what it holds. */
export interface Cluster extends AsyncDisposable {
  readonly leases: Leases;
  /** Joins the others. */
  start(): Promise<void>;
  /** From now on the process serves at this URL, as this machine reaches it. */
  serves(url: string): Promise<void>;
  /** Says that this process ends. Resolves when those in front of it have had time to send what is new to others. */
  leave(): Promise<void>;
  /** Whether this process answers an endpoint. */
  answers(endpoint: PlacedEndpoint): boolean;
  /** Who does what; undefined where there is one process. */
  status(): Promise<ClusterStatus | undefined>;
  /** How many processes there are, as far as this one knows; undefined where there can be one alone. */
  living(): number | undefined;
}

export interface ClusterInput {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

type ClusterSettings = Pick<Config, 'cluster' | 'listen' | 'database'>;

/** The name of this process among the others; undefined where it is the only one. */
export function processName({ cluster, listen }: Pick<Config, 'cluster' | 'listen'>): string | undefined {
  if (cluster.bus === undefined) return undefined;
  return cluster.process ?? `${hostname()}-${listen.client.port}`;
}

/** HAProxy asks for the health of a process every 2 s and believes the second answer; `copse front --follow` asks each second. */
const FAREWELL_MS = 4500;
/** Shows everywhere that a process is there. */
const VERSIONS = '/_matrix/client/versions';

export function composeCluster(settings: ClusterSettings, { log, ...parts }: ClusterInput): Cluster {
  const name = processName(settings);
  if (name === undefined) return sole();
  const roles = settings.cluster.roles.filter(isRole);
  const member = new Member({
    ...parts,
    log: log.child('cluster'),
    name,
    roles,
    connections: settings.database.connections,
  });
  return {
    leases: roles.length === 0 ? member : leasesOf(member, new Set(roles)),
    answers: endpoint => roles.length === 0 || endpoint.path === VERSIONS || isServedBy(new Set(roles), endpoint),
    status: async () => clusterStatus(name, await member.others()),
    living: () => member.living,
    start: () => member.start(),
    async serves(url) {
      member.address = await addressForOthers(url, settings);
    },
    async leave() {
      // Where the database does not say whether there are others, there may be.
      const others = await member.drain().catch(() => 1);
      if (others > 0) await sleep(parts.clock, FAREWELL_MS);
    },
    [Symbol.asyncDispose]: () => member[Symbol.asyncDispose](),
  };
}

const sole = (): Cluster => ({
  leases: new SoleLeases(),
  start: async () => undefined,
  serves: async () => undefined,
  leave: async () => undefined,
  answers: () => true,
  status: async () => undefined,
  living: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});
