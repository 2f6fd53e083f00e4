import type { TestContext } from 'node:test';
import { addressGuard } from '../../src/base/address-guard.ts';
import { systemClock } from '../../src/base/clock.ts';
import { nodeCrypto, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import { Dialer } from '../../src/federation/transport/dialer.ts';
import { Discovery } from '../../src/federation/transport/discovery.ts';
import { FederationClient } from '../../src/federation/transport/federation-client.ts';
import { trustedContext } from '../../src/federation/transport/trust.ts';
import { testBudget } from './budget.ts';
import { TestAuthority } from './certificates.ts';
import { FakeInternet } from './fake-internet.ts';
import { TlsPeer } from './tls-peer.ts';

/** The identity of a server whose key is the same in every run. */
export function identityOf(serverName: string, seed = 1, keyId = 'ed25519:a_test'): Identity {
  const signingKey = signingKeyFromSeed(keyId, new Uint8Array(32).fill(seed));
  return { serverName: serverName as ServerName, signingKey, crypto: nodeCrypto };
}

/** A client of `us.example` with a certificate authority and DNS of its own, which may connect to loopback unless told otherwise. */
export function testClient(t: TestContext, allowed: readonly string[] = ['127.0.0.0/8', '::1'], verifyTls = true) {
  const authority = new TestAuthority();
  const net = new FakeInternet();
  const clock = systemClock;
  const budget = testBudget();
  const trust = trustedContext([authority.certificate]);
  const dialer = new Dialer({ budget, guard: addressGuard(allowed), clock, trust, verifyTls });
  const discovery = new Discovery({ resolver: net.resolver, get: net.get, clock, random: systemRandom, budget });
  const identity = identityOf('us.example');
  const client = new FederationClient({ identity, discovery, dialer, clock, budget, userAgent: 'Copse/test' });
  t.after(() => client[Symbol.dispose]());
  return { authority, net, clock, dialer, discovery, identity, client };
}

/** Another server on loopback that answers as a test tells it. */
export async function peerOf(
  t: TestContext,
  { net, authority }: { readonly net: FakeInternet; readonly authority: TestAuthority },
  name: string,
): Promise<TlsPeer> {
  const peer = await TlsPeer.open(authority.issue({ names: [name] }));
  t.after(() => peer[Symbol.asyncDispose]());
  net.delegate(name, `${name}:${peer.port}`);
  net.addresses[name] = ['127.0.0.1'];
  return peer;
}
