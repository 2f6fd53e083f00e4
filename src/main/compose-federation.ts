import { availableParallelism } from 'node:os';
import type { SecureContext } from 'node:tls';
import { type AddressGuard, addressGuard } from '../base/address-guard.ts';
import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nodeCrypto, verifyOnThreadPool } from '../base/node-crypto.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { ServerAcl } from '../core/server-acl.ts';
import type { Database } from '../db/database.ts';
import { type Authorities, mozillaAuthorities } from '../federation/doctor/gather/authorities.ts';
import { CheckedEvents } from '../federation/events/checked-events.ts';
import { SignaturePool } from '../federation/events/signature-pool.ts';
import { type AuthenticateServer, requestAuthentication } from '../federation/inbound/request-authentication.ts';
import { JoiningRooms } from '../federation/joining/joining-rooms.ts';
import { KeyRing } from '../federation/keys/key-ring.ts';
import { Notary } from '../federation/keys/notary.ts';
import { PublishedKeys } from '../federation/keys/published-keys.ts';
import { policyWarnings, serverPolicy } from '../federation/server-policy.ts';
import { ClockSamples } from '../federation/transport/clock-samples.ts';
import { Dialer } from '../federation/transport/dialer.ts';
import { Discovery } from '../federation/transport/discovery.ts';
import { type Carry, FederationClient } from '../federation/transport/federation-client.ts';
import type { HttpsGet } from '../federation/transport/https-get.ts';
import { type HttpsStream, systemHttpsStream } from '../federation/transport/https-stream.ts';
import type { NameServer, Resolver } from '../federation/transport/resolver.ts';
import { systemHttpsGet } from '../federation/transport/system-https-get.ts';
import { systemNameServers, systemResolver } from '../federation/transport/system-resolver.ts';
import { trustedContext } from '../federation/transport/trust.ts';
import type { DataFolder } from './data-folder.ts';
import { readOldKeys } from './old-keys.ts';
import { readAuthorities } from './tls-files.ts';

export interface FederationInput {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly version: string;
  /** See FederationClientParts. */
  readonly carry?: Carry | undefined;
  /** For tests: DNS and web pages other than the world's. */
  readonly internet?: Internet | undefined;
}

/** Where server names are looked up. */
export interface Internet {
  readonly resolver: Resolver;
  /** Each alone. */
  readonly nameServers?: () => readonly NameServer[];
  readonly get: HttpsGet;
  /** Certificate authorities that everybody believes; those of Mozilla unless given. */
  readonly authorities?: Authorities;
}

/** What talking to other servers stands on. Disposing of it closes the connections that are kept. */
export interface Federation extends Disposable {
  readonly client: FederationClient;
  readonly clocks: ClockSamples;
  readonly discovery: Discovery;
  readonly keyRing: KeyRing;
  readonly published: PublishedKeys;
  readonly checked: CheckedEvents;
  readonly joining: JoiningRooms;
  readonly notary: Notary;
  readonly authenticateServer: AuthenticateServer;
  /** For what other servers keep somewhere else. */
  readonly https: HttpsStream;
  /** What the doctor looks at the network with. */
  readonly reach: Reach;
}

/** The means by which other servers are found and connected to. */
export interface Reach {
  readonly resolver: Resolver;
  readonly nameServers: () => readonly NameServer[];
  readonly get: HttpsGet;
  readonly guard: AddressGuard;
  readonly trust: () => SecureContext;
  /** Whose certificates others believe. */
  readonly authorities: Authorities;
  readonly policy: ServerAcl;
  readonly userAgent: string;
}

/** @throws TlsFileError, DataFolderError */
export function composeFederation(input: FederationInput): Federation {
  const { config, folder, db, clock, random, version, budget } = input;
  const log = input.log.child('federation');
  const identity = { serverName: folder.serverName, signingKey: folder.signingKey, crypto: nodeCrypto };
  const userAgent = `Copse/${version}`;
  const guard = addressGuard(config.allowed_private_addresses.federation);
  const trust = trustedContext(readAuthorities(config.tls.extra_ca));
  const dialer = new Dialer({
    guard,
    clock,
    trust,
    verifyTls: config.federation.verify_tls,
    budget,
  });
  const resolver = input.internet?.resolver ?? systemResolver();
  const web = { resolver, dialer, clock, userAgent };
  const get = input.internet?.get ?? systemHttpsGet(web);
  const discovery = new Discovery({ resolver, get, clock, random, budget });
  const policy = serverPolicy(config.federation);
  for (const warning of policyWarnings(config.federation, folder.serverName)) log.warn(warning);
  const answers = budget.account('federation_answers', 1 / 4);

  const clocks = new ClockSamples({ clock });
  const client = new FederationClient({
    identity,
    discovery,
    dialer,
    clock,
    userAgent,
    policy,
    answers,
    budget,
    clocks,
    carry: input.carry,
  });
  const published = new PublishedKeys({ identity, oldKeys: readOldKeys(folder.path), clock });
  const common = { db, clock, identity, client, log, own: published };
  const notaries = config.federation.trusted_key_servers as ServerName[];
  const keyRing = new KeyRing({ ...common, budget, notaries, pace: config.federation.retry });
  return {
    client,
    clocks,
    discovery,
    keyRing,
    published,
    checked: new CheckedEvents({ crypto: nodeCrypto, keyRing, verify: signaturePool(input)?.verify }),
    joining: new JoiningRooms(input),
    notary: new Notary({ ...common, keyRing }),
    authenticateServer: requestAuthentication({ identity, clock, keyRing, policy }),
    https: systemHttpsStream(web),
    reach: {
      ...{ resolver, nameServers: nameServersOf(input), get, guard, trust, policy, userAgent },
      authorities: input.internet?.authorities ?? mozillaAuthorities,
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

function nameServersOf({ internet }: FederationInput): () => readonly NameServer[] {
  return internet === undefined ? systemNameServers : (internet.nameServers ?? (() => []));
}

/** A simulation has to do the same each time: there, signatures are verified at once. */
function signaturePool({ carry }: FederationInput): SignaturePool | undefined {
  return carry === undefined ? new SignaturePool(verifyOnThreadPool, availableParallelism()) : undefined;
}
