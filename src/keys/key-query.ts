import type { Log } from '../base/log.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../core/ids.ts';
import { getObject, type JsonObject } from '../core/json.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import {
  type CrossSigningRow,
  crossSigningKeysOf,
  type SignatureRow,
  type Usage,
  visibleSignatures,
} from './cross-signing.table.ts';
import { deviceKeysOf, type StoredDeviceKeys } from './device-key.table.ts';
import { withSignatures } from './merge-signatures.ts';
import type { ByUser, Failures, LocalDevices, RemoteKeyAnswer, RemoteKeys, RemoteOptions } from './ports.ts';
import { unreachable } from './remote-failures.ts';
import { emptyMap, storedObject } from './stored-json.ts';

/** User ID to device IDs; an empty list means all devices. */
export type QueryRequest = { readonly [userId: string]: readonly string[] };

export interface KeyAnswer {
  readonly deviceKeys: ByUser<{ [deviceId: string]: JsonObject }>;
  readonly masterKeys: ByUser<JsonObject>;
  readonly selfSigningKeys: ByUser<JsonObject>;
  /** The viewer's own only. */
  readonly userSigningKeys: ByUser<JsonObject>;
  readonly failures: Failures;
}

/** Who asks: sees the signatures made with the own user-signing key. Undefined for another server. */
export interface Viewer {
  readonly userId: UserId;
  readonly userNid: number;
}

/** Users whose keys are read at once. */
const USERS_A_READ = 500;

export interface KeyQueryParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly devices: LocalDevices;
  readonly remoteKeys?: RemoteKeys | undefined;
}

/** Looks up device keys and cross-signing keys (client-server API, `POST /keys/query`). */
export class KeyQuery {
  readonly #parts: KeyQueryParts;

  constructor(parts: KeyQueryParts) {
    this.#parts = parts;
  }

  /** Users of this server and of others. What is no user ID is left out, like an unknown user. */
  async query(request: QueryRequest, viewer: Viewer, options: RemoteOptions): Promise<KeyAnswer> {
    const local = new Map<UserId, readonly string[]>();
    const remote = new Map<UserId, readonly string[]>();
    for (const [userId, devices] of Object.entries(request)) {
      if (isUserId(userId)) (domainOf(userId) === this.#parts.serverName ? local : remote).set(userId, devices);
    }
    const [own, others] = await Promise.all([
      this.queryLocal(local, viewer),
      this.#queryRemote(remote, viewer, options),
    ]);
    return {
      deviceKeys: { ...others.deviceKeys, ...own.deviceKeys },
      masterKeys: { ...others.masterKeys, ...own.masterKeys },
      selfSigningKeys: { ...others.selfSigningKeys, ...own.selfSigningKeys },
      userSigningKeys: own.userSigningKeys,
      failures: others.failures,
    };
  }

  /** Of users of this server only. Each of them has an entry in `deviceKeys`, if an empty one. */
  async queryLocal(wanted: ReadonlyMap<UserId, readonly string[]>, viewer: Viewer | undefined): Promise<KeyAnswer> {
    const answer = emptyAnswer();
    const userIds = [...wanted.keys()];
    for (let at = 0; at < userIds.length; at += USERS_A_READ) {
      const some = userIds.slice(at, at + USERS_A_READ);
      for (const userId of some) answer.deviceKeys[userId] = emptyMap();
      await this.#addLocal(answer, some, wanted, viewer);
    }
    return answer;
  }

  async #addLocal(
    answer: KeyAnswer,
    userIds: readonly UserId[],
    wanted: ReadonlyMap<UserId, readonly string[]>,
    viewer: Viewer | undefined,
  ): Promise<void> {
    const { db, nids, devices } = this.#parts;
    const byName = await nids.users.find(db, userIds);
    const byNid = new Map([...byName].map(([userId, nid]) => [nid, userId]));
    const userNids = [...byNid.keys()];
    const signatures = await visibleSignatures(db, userNids, viewer?.userNid);
    const byTarget = Map.groupBy(signatures, row => targetName(row.user_nid, row.target));
    const names = await devices.of(db, userNids);
    for (const row of await deviceKeysOf(db, userNids)) {
      const userId = byNid.get(row.user_nid);
      const known = names.get(row.user_nid);
      if (userId === undefined || known?.has(row.device_id) !== true) continue;
      const only = wanted.get(userId) ?? [];
      if (only.length > 0 && !only.includes(row.device_id)) continue;
      this.#addDevice(answer, userId, row, known.get(row.device_id), byTarget);
    }
    const keys = await crossSigningKeysOf(db, userNids);
    for (const row of keys) this.#addCrossSigning(answer, byNid.get(row.user_nid), row, byTarget, viewer);
  }

  #addDevice(
    answer: KeyAnswer,
    userId: UserId,
    row: StoredDeviceKeys,
    displayName: string | undefined,
    byTarget: ReadonlyMap<string, SignatureRow[]>,
  ): void {
    const json = storedObject(this.#parts.log, row.json, 'device key');
    const devices = answer.deviceKeys[userId];
    if (json === undefined || devices === undefined) return;
    const own = (byTarget.get(targetName(row.user_nid, row.device_id)) ?? []).filter(
      s => s.signer_nid === row.user_nid,
    );
    const unsigned = displayName === undefined ? {} : { device_display_name: displayName };
    devices[row.device_id] = { ...withSignatures(json, userId, own), unsigned };
  }

  #addCrossSigning(
    answer: KeyAnswer,
    userId: UserId | undefined,
    row: CrossSigningRow,
    byTarget: ReadonlyMap<string, SignatureRow[]>,
    viewer: Viewer | undefined,
  ): void {
    const json = storedObject(this.#parts.log, row.json, 'cross-signing key');
    const keys = keysOfUsage(answer, row.usage);
    if (userId === undefined || json === undefined) return;
    if (row.usage === 'user_signing' && userId !== viewer?.userId) return;
    if (row.usage !== 'master') keys[userId] = json;
    else keys[userId] = this.#masterKey(json, userId, byTarget.get(targetName(row.user_nid, row.public_key)), viewer);
  }

  /** Signatures of the user's own devices are for all, that of a user-signing key is for its owner. */
  #masterKey(
    json: JsonObject,
    userId: UserId,
    signatures: readonly SignatureRow[] | undefined,
    viewer: Viewer | undefined,
  ): JsonObject {
    const rows = signatures ?? [];
    const byViewer = rows.filter(row => row.signer_nid === viewer?.userNid && viewer.userId !== userId);
    const byOwner = rows.filter(row => !byViewer.includes(row));
    const withOwn = withSignatures(json, userId, byOwner);
    return viewer === undefined ? withOwn : withSignatures(withOwn, viewer.userId, byViewer);
  }

  async #queryRemote(
    wanted: ReadonlyMap<UserId, readonly string[]>,
    viewer: Viewer,
    options: RemoteOptions,
  ): Promise<RemoteKeyAnswer> {
    if (wanted.size === 0) return emptyAnswer();
    const remote = this.#parts.remoteKeys;
    if (remote === undefined) return { ...emptyAnswer(), failures: unreachable(wanted.keys()) };
    const answer = await remote.query(wanted, options);
    return { ...answer, masterKeys: await this.#withViewersSignatures(answer.masterKeys, viewer) };
  }

  /** Adds what the viewer has signed of the master keys of remote users: no other server knows of it. */
  async #withViewersSignatures(masterKeys: ByUser<JsonObject>, viewer: Viewer): Promise<ByUser<JsonObject>> {
    const { db, nids } = this.#parts;
    const byName = await nids.users.find(db, Object.keys(masterKeys) as UserId[]);
    const signatures = await visibleSignatures(db, [...byName.values()], viewer.userNid);
    const byTarget = Map.groupBy(signatures, row => targetName(row.user_nid, row.target));
    const signed = emptyMap<JsonObject>();
    for (const [userId, json] of Object.entries(masterKeys)) {
      const nid = byName.get(userId as UserId);
      const rows = nid === undefined ? [] : (byTarget.get(targetName(nid, publicKeyOf(json))) ?? []);
      signed[userId] = withSignatures(json, viewer.userId, rows);
    }
    return signed;
  }
}

/** The public key of a cross-signing key object, which names it; empty when it has none. */
export function publicKeyOf(crossSigningKey: JsonObject): string {
  const [name = ''] = Object.keys(getObject(crossSigningKey, 'keys') ?? {});
  return name.slice(name.indexOf(':') + 1);
}

function emptyAnswer(): KeyAnswer {
  const failures: Failures = {};
  return {
    deviceKeys: emptyMap(),
    masterKeys: emptyMap(),
    selfSigningKeys: emptyMap(),
    userSigningKeys: emptyMap(),
    failures,
  };
}

function keysOfUsage(answer: KeyAnswer, usage: Usage): ByUser<JsonObject> {
  if (usage === 'master') return answer.masterKeys;
  return usage === 'self_signing' ? answer.selfSigningKeys : answer.userSigningKeys;
}

function targetName(userNid: number, target: string): string {
  return `${userNid} ${target}`;
}
