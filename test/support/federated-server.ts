import type { TestContext } from 'node:test';
import { addressGuard } from '../../src/base/address-guard.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import type { Database } from '../../src/db/database.ts';
import { requestAuthentication } from '../../src/federation/inbound/request-authentication.ts';
import { KeyRing } from '../../src/federation/keys/key-ring.ts';
import { Notary } from '../../src/federation/keys/notary.ts';
import { PublishedKeys } from '../../src/federation/keys/published-keys.ts';
import { Dialer } from '../../src/federation/transport/dialer.ts';
import { Discovery } from '../../src/federation/transport/discovery.ts';
import { FederationClient } from '../../src/federation/transport/federation-client.ts';
import { trustedContext } from '../../src/federation/transport/trust.ts';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { federationRoutes } from '../../src/http/federation/routes.ts';
import { HttpServer } from '../../src/http/server.ts';
import { testBudget } from './budget.ts';
import { TestAuthority } from './certificates.ts';
import { FakeInternet } from './fake-internet.ts';
import { identityOf } from './federation.ts';

/** What several servers in one process share: names, addresses, and who is trusted for certificates. */
export class FederatedWorld {
  readonly net = new FakeInternet();
  readonly authority = new TestAuthority();
}

export interface FederatedServer {
  readonly name: ServerName;
  readonly identity: Identity;
  readonly client: FederationClient;
  readonly keyRing: KeyRing;
}

let seed = 100;

/** A server on loopback as others see it: TLS, keys, signed requests, and the endpoints that a test adds. */
export async function federatedServer(
  t: TestContext,
  { net, authority }: FederatedWorld,
  options: { readonly name: string; readonly db: Database; readonly endpoints?: readonly Endpoint[] },
): Promise<FederatedServer> {
  const { name, db, endpoints = [] } = options;
  const clock = systemClock;
  const budget = testBudget();
  const identity = identityOf(name, seed++, `ed25519:${name.replaceAll('.', '_')}`);
  const trust = trustedContext([authority.certificate]);
  const dialer = new Dialer({ budget, guard: addressGuard(['127.0.0.0/8']), clock, trust, verifyTls: true });
  const discovery = new Discovery({ resolver: net.resolver, get: net.get, clock, random: systemRandom, budget });
  const client = new FederationClient({ identity, discovery, dialer, clock, budget, userAgent: 'Copse/test' });
  const own = new PublishedKeys({ identity, oldKeys: [], clock });
  const common = { db, clock, identity, client, log: silentLog, own };
  const keyRing = new KeyRing({ ...common, notaries: [], budget, pace: { initial: 1000, factor: 2, longest: 10_000 } });
  const { certificate: cert, key } = authority.issue({ names: [name] });
  const server = new HttpServer({
    log: silentLog,
    authenticate: () => Promise.reject(new Error('no users here')),
    authenticateServer: requestAuthentication({ identity, clock, keyRing }),
    countRequest: () => undefined,
    trustedProxies: [],
    certificate: { cert, key },
  });
  server.add([
    ...federationRoutes({ published: own, notary: new Notary({ ...common, keyRing }), clock, version: 'test' }),
  ]);
  server.add(endpoints);
  t.after(async () => {
    client[Symbol.dispose]();
    await server.close();
  });
  const { port } = new URL(await server.listen('127.0.0.1', 0));
  net.delegate(name, `${name}:${port}`);
  net.addresses[name] = ['127.0.0.1'];
  return { name: identity.serverName, identity, client, keyRing };
}
