import type { Log } from '../base/log.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Database, Tx } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import {
  claimOneTimeKeys,
  fallbackKeysOf,
  type HeldKey,
  markFallbackUsed,
  oldestOneTimeKeys,
} from './one-time-key.table.ts';
import type { ByUser, Failures, RemoteClaimAnswer, RemoteKeys, RemoteOptions } from './ports.ts';
import { unreachable } from './remote-failures.ts';
import { emptyMap } from './stored-json.ts';

/** By user and device the wanted algorithm. */
export type ClaimRequest = { readonly [userId: string]: { readonly [deviceId: string]: string } };
/** By user and device: the key by its full name. */
export type ClaimedKeys = ByUser<{ [deviceId: string]: JsonObject }>;

interface Wanted {
  readonly userNid: number;
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
}

/** Devices that are served in one transaction, so that a large request does not keep other writers waiting. */
const DEVICES_A_TRANSACTION = 250;

export interface KeyClaimParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly remoteKeys?: RemoteKeys | undefined;
}

/** Hands out one-time keys, each at most once, and fallback keys where there are none left. */
export class KeyClaim {
  readonly #parts: KeyClaimParts;

  constructor(parts: KeyClaimParts) {
    this.#parts = parts;
  }

  /** `POST /keys/claim`: users of this server and of others. Devices without a key are left out. */
  async claim(
    request: ClaimRequest,
    options: RemoteOptions,
  ): Promise<{ oneTimeKeys: ClaimedKeys; failures: Failures }> {
    const local: ClaimRequest = Object.fromEntries(this.#usersOf(request, true));
    const [own, remote] = await Promise.all([
      this.claimLocal(local),
      this.#claimRemote(new Map(this.#usersOf(request, false)), options),
    ]);
    return { oneTimeKeys: { ...remote.oneTimeKeys, ...own }, failures: remote.failures };
  }

  /** Of users of this server only: for other servers, too. */
  async claimLocal(request: ClaimRequest): Promise<ClaimedKeys> {
    const userIds = Object.keys(request) as UserId[];
    const nids = await this.#parts.nids.users.find(this.#parts.db, userIds);
    const wanted: Wanted[] = [];
    // In one order for all, so that two claims for the same devices do not wait for each other in a circle.
    for (const [userId, userNid] of [...nids].toSorted((a, b) => a[1] - b[1])) {
      for (const [deviceId, algorithm] of Object.entries(request[userId] ?? {})) {
        wanted.push({ userNid, userId, deviceId, algorithm });
      }
    }
    const claimed: ClaimedKeys = emptyMap();
    for (let at = 0; at < wanted.length; at += DEVICES_A_TRANSACTION) {
      const some = wanted.slice(at, at + DEVICES_A_TRANSACTION);
      const keys = await this.#parts.db.tx(tx => claimSome(tx, some));
      for (const [want, key] of keys) this.#add(claimed, want, key);
    }
    return claimed;
  }

  #add(claimed: ClaimedKeys, want: Wanted, key: HeldKey): void {
    try {
      const name = `${key.algorithm}:${key.key_id}`;
      const ofUser = claimed[want.userId] ?? emptyMap<JsonObject>();
      claimed[want.userId] = ofUser;
      ofUser[want.deviceId] = { [name]: JSON.parse(key.json) as Json };
    } catch (err) {
      this.#parts.log.error('A stored one-time key is no JSON and is lost.', { user: want.userId, err });
    }
  }

  async #claimRemote(
    users: ReadonlyMap<UserId, { readonly [deviceId: string]: string }>,
    options: RemoteOptions,
  ): Promise<RemoteClaimAnswer> {
    if (users.size === 0) return { oneTimeKeys: {}, failures: {} };
    const remote = this.#parts.remoteKeys;
    if (remote === undefined) return { oneTimeKeys: {}, failures: unreachable(users.keys()) };
    return remote.claim(new Map([...users].map(([id, devices]) => [id, new Map(Object.entries(devices))])), options);
  }

  #usersOf(request: ClaimRequest, local: boolean): [UserId, { readonly [deviceId: string]: string }][] {
    const users: [UserId, { readonly [deviceId: string]: string }][] = [];
    for (const [userId, devices] of Object.entries(request)) {
      if (isUserId(userId) && (domainOf(userId) === this.#parts.serverName) === local) users.push([userId, devices]);
    }
    return users;
  }
}

/** Oldest one-time key first; the fallback key, marked as used, where there is none. */
async function claimSome(tx: Tx, wanted: readonly Wanted[]): Promise<Map<Wanted, HeldKey>> {
  const found = new Map<Wanted, HeldKey>();
  let open = new Map(wanted.map(want => [nameOf(want.userNid, want.deviceId, want.algorithm), want]));
  const userNids = [...new Set(wanted.map(want => want.userNid))];
  // On PostgreSQL somebody else may take the same key between the two statements: then it is the turn of the next one.
  while (open.size > 0) {
    const oldest = await oldestOneTimeKeys(tx, userNids);
    const candidates = oldest.filter(key => open.has(nameOf(key.user_nid, key.device_id, key.algorithm)));
    if (candidates.length === 0) break;
    const left = new Map(open);
    for (const key of await claimOneTimeKeys(
      tx,
      candidates.map(key => key.nid),
    )) {
      const name = nameOf(key.user_nid, key.device_id, key.algorithm);
      const want = left.get(name);
      if (want !== undefined) found.set(want, key);
      left.delete(name);
    }
    open = left;
  }
  if (open.size === 0) return found;
  for (const key of await fallbackKeysOf(tx, userNids)) {
    const want = open.get(nameOf(key.user_nid, key.device_id, key.algorithm));
    if (want === undefined) continue;
    if (key.used === 0) await markFallbackUsed(tx, key);
    found.set(want, key);
  }
  return found;
}

function nameOf(userNid: number, deviceId: string, algorithm: string): string {
  return JSON.stringify([userNid, deviceId, algorithm]);
}
