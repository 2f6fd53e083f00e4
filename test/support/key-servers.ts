import { silentLog } from '../../src/base/log.ts';
import { encodeBase64 } from '../../src/core/base64.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import { getObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { signJson } from '../../src/core/signatures.ts';
import type { Database } from '../../src/db/database.ts';
import { KeyRing } from '../../src/federation/keys/key-ring.ts';
import { PublishedKeys } from '../../src/federation/keys/published-keys.ts';
import { UnreachableError } from '../../src/federation/transport/errors.ts';
import type { FederationClient, FederationRequest } from '../../src/federation/transport/federation-client.ts';
import { testBudget } from './budget.ts';
import { SteppingClock } from './fake-internet.ts';
import { identityOf } from './federation.ts';

export const DAY_MS = 86_400_000;

/** What a server publishes: its current key, and whatever `more` says instead. */
export function keyAnswer({ serverName, signingKey }: Identity, validUntil: number, more: JsonObject = {}): JsonObject {
  const json = {
    server_name: serverName,
    verify_keys: { [signingKey.keyId]: { key: encodeBase64(signingKey.publicKey) } },
    old_verify_keys: {},
    valid_until_ts: validUntil,
    ...more,
  };
  return signJson(json, serverName, signingKey);
}

/** Other servers that answer key requests from a table; whoever is not in it cannot be reached. */
export class KeyServers implements Pick<FederationClient, 'request'> {
  readonly published = new Map<string, Json | Promise<Json>>();
  /** What a notary answers to a query. */
  readonly notaries = new Map<string, (asked: JsonObject) => Json>();
  readonly asked: string[] = [];

  async request(server: ServerName, { path, body }: FederationRequest): Promise<Json> {
    const isQuery = path.endsWith('/query');
    this.asked.push(isQuery ? `${server} for others` : server);
    const answer = isQuery
      ? this.notaries.get(server)?.(getObject(body ?? {}, 'server_keys') ?? {})
      : await this.published.get(server);
    if (answer === undefined) throw new UnreachableError(server, 'connect', 'nobody is there');
    return answer;
  }
}

/** The key ring of `us.example`, among servers of which `notary.example` is its notary. */
export function keyWorld(db: Database) {
  const clock = new SteppingClock();
  const identity = identityOf('us.example', 1, 'ed25519:us');
  const old = identityOf('us.example', 9, 'ed25519:before');
  const oldKeys = [{ keyId: 'ed25519:before', publicKey: old.signingKey.publicKey, expiredTs: clock.now() - DAY_MS }];
  const own = new PublishedKeys({ identity, oldKeys, clock });
  const servers = new KeyServers();
  const parts = { db, clock, identity, own, client: servers, log: silentLog, budget: testBudget() };
  const pace = { initial: 10_000, factor: 2, longest: 3_600_000 };
  const makeRing = () => new KeyRing({ ...parts, notaries: ['notary.example' as ServerName], pace });
  const peer = identityOf('peer.example', 2, 'ed25519:peer');
  const notary = identityOf('notary.example', 3, 'ed25519:notary');
  return { clock, identity, own, servers, makeRing, ring: makeRing(), peer, notary };
}
