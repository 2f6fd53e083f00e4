import type { Requester } from '../accounts/requester.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../core/ids.ts';
import { getObject, getString, isObject, type Json, type JsonObject } from '../core/json.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import {
  type CrossSigningRow,
  crossSigningKeysOf,
  putSignatures,
  type SignatureRow,
  type Usage,
} from './cross-signing.table.ts';
import { deviceSignatures } from './cross-signing.ts';
import { theOneKey } from './cross-signing-keys.ts';
import { deviceKeysOfOne } from './device-key.table.ts';
import type { DeviceLists, ListChanges } from './device-lists.ts';
import { publicKeyOf } from './key-query.ts';
import type { RemoteKeys, RemoteOptions } from './ports.ts';
import { badJson, canonicalUpload, invalidSignature, isSignedBy, signedPart } from './signature-shape.ts';
import { emptyMap } from './stored-json.ts';

/** Keys that one request may sign. Clients sign a handful. */
const MOST_KEYS = 500;
const MAX_KEY_BYTES = 32 * 1024;

/** By user and key: why its signatures were not stored. */
export type SignatureFailures = { [userId: string]: { [keyId: string]: JsonObject } };

export interface SignatureUploadParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly serverName: ServerName;
  readonly deviceLists: DeviceLists;
  readonly remoteKeys?: RemoteKeys | undefined;
}

interface OwnKeys {
  readonly user: Requester;
  readonly byUsage: ReadonlyMap<Usage, CrossSigningRow>;
  readonly options: RemoteOptions;
}

/**
 * `POST /keys/signatures/upload` (client-server API, "Cross-signing"). A user may sign the own devices with the
 * self-signing key, the own master key with the devices, and others' master keys with the user-signing key.
 */
export class SignatureUpload {
  readonly #parts: SignatureUploadParts;

  constructor(parts: SignatureUploadParts) {
    this.#parts = parts;
  }

  /** Stores each signature that is right; each key whose signatures are not has an entry in the answer. */
  async upload(user: Requester, body: JsonObject, options: RemoteOptions): Promise<SignatureFailures> {
    const { db } = this.#parts;
    const targets = targetsOf(body);
    const rows = await crossSigningKeysOf(db, [user.userNid]);
    const own: OwnKeys = { user, byUsage: new Map(rows.map(row => [row.usage, row])), options };
    const failures: SignatureFailures = emptyMap();
    const good: SignatureRow[] = [];
    for (const [userId, keyId, object] of targets) {
      try {
        good.push(...(await this.#check(own, userId, keyId, object)));
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
        failures[userId] = { ...failures[userId], [keyId]: { errcode: error.errcode, error: error.message } };
      }
    }
    if (good.length > 0) await this.#store(user, good);
    return failures;
  }

  async #store(user: Requester, rows: readonly SignatureRow[]): Promise<void> {
    const { db, deviceLists } = this.#parts;
    const byOwner = Map.groupBy(rows, row => row.user_nid);
    await db.tx(async tx => {
      const master = (await crossSigningKeysOf(tx, [user.userNid])).find(key => key.usage === 'master')?.public_key;
      for (const [owner, signatures] of byOwner) {
        const changed = await putSignatures(tx, signatures);
        if (changed === 0) continue;
        if (owner === user.userNid) await deviceLists.announce(tx, owner, signedOf(signatures, master));
        else await deviceLists.announceTo(tx, user.userNid, owner);
      }
    });
  }

  async #check(own: OwnKeys, userId: string, keyId: string, object: Json): Promise<SignatureRow[]> {
    if (!isUserId(userId)) throw badJson('The key belongs to no user ID.');
    if (!isObject(object)) throw badJson('A signed key must be an object.');
    canonicalUpload(object, 'The signed key', MAX_KEY_BYTES);
    if (userId !== own.user.userId) return [await this.#checkOther(own, userId, keyId, object)];
    if (own.byUsage.get('master')?.public_key === keyId) return this.#checkMaster(own, keyId, object);
    return [await this.#checkDevice(own, keyId, object)];
  }

  async #checkDevice({ user, byUsage }: OwnKeys, deviceId: string, object: JsonObject): Promise<SignatureRow> {
    const stored = await deviceKeysOfOne(this.#parts.db, user.userNid, deviceId);
    if (stored === undefined) throw notFound('There is no such device with keys.');
    mustEqual(object, JSON.parse(stored.json) as JsonObject);
    const signer = byUsage.get('self_signing');
    if (signer === undefined) throw notFound('You have no self-signing key.');
    return signatureBy(user, signer, object, { user_nid: user.userNid, target: deviceId });
  }

  async #checkMaster({ user, byUsage }: OwnKeys, keyId: string, object: JsonObject): Promise<SignatureRow[]> {
    mustEqual(object, JSON.parse(byUsage.get('master')?.json ?? '{}') as JsonObject);
    const rows = await deviceSignatures(this.#parts.db, user, object, keyId);
    if (rows.length === 0) throw invalidSignature('None of your devices has a valid signature there.');
    return rows;
  }

  async #checkOther(own: OwnKeys, userId: UserId, keyId: string, object: JsonObject): Promise<SignatureRow> {
    const signer = own.byUsage.get('user_signing');
    if (signer === undefined) throw notFound('You have no user-signing key.');
    const master = await this.#masterKeyOf(userId, own.options);
    if (master === undefined || publicKeyOf(master) !== keyId) throw notFound('The user has no such master key.');
    mustEqual(object, master);
    const known = await this.#parts.nids.users.findOne(this.#parts.db, userId);
    const user_nid = known ?? (await this.#parts.db.tx(tx => this.#parts.nids.users.internOne(tx, userId)));
    return signatureBy(own.user, signer, object, { user_nid, target: keyId });
  }

  async #masterKeyOf(userId: UserId, options: RemoteOptions): Promise<JsonObject | undefined> {
    const { db, nids, serverName, remoteKeys } = this.#parts;
    if (domainOf(userId) !== serverName) {
      const answer = await remoteKeys?.query(new Map([[userId, []]]), options);
      return answer?.masterKeys[userId];
    }
    const nid = await nids.users.findOne(db, userId);
    const rows = nid === undefined ? [] : await crossSigningKeysOf(db, [nid]);
    const master = rows.find(row => row.usage === 'master');
    return master === undefined ? undefined : (JSON.parse(master.json) as JsonObject);
  }
}

/** Which of a user's keys were signed. */
function signedOf(signatures: readonly SignatureRow[], master: string | undefined): ListChanges {
  const targets = new Set(signatures.map(row => row.target));
  const crossSigning = master !== undefined && targets.delete(master);
  return { devices: [...targets], crossSigning };
}

function targetsOf(body: JsonObject): [userId: string, keyId: string, object: Json][] {
  const targets: [string, string, Json][] = [];
  for (const [userId, keys] of Object.entries(body)) {
    if (!isObject(keys)) throw badJson('The body must be a map of user ID to key ID to signed key.');
    for (const [keyId, object] of Object.entries(keys)) targets.push([userId, keyId, object]);
  }
  if (targets.length > MOST_KEYS) throw new MatrixError('M_TOO_LARGE', `More than ${MOST_KEYS} keys at once.`);
  return targets;
}

/** A signature counts only for the key that others see. @throws MatrixError M_INVALID_SIGNATURE */
function mustEqual(signed: JsonObject, stored: JsonObject): void {
  if (canonicalJson(signedPart(signed)) !== canonicalJson(signedPart(stored))) {
    throw invalidSignature('The signed object is not the key that is published.');
  }
}

/** The signature by one of the user's cross-signing keys. @throws MatrixError M_INVALID_SIGNATURE */
function signatureBy(
  user: Requester,
  signer: CrossSigningRow,
  object: JsonObject,
  target: { readonly user_nid: number; readonly target: string },
): SignatureRow {
  const { publicKey, bytes } = theOneKey(JSON.parse(signer.json) as JsonObject, 'the signing key');
  const signer_key = `ed25519:${publicKey}`;
  const signature = getString(getObject(getObject(object, 'signatures') ?? {}, user.userId) ?? {}, signer_key);
  if (signature === undefined || !isSignedBy(object, user.userId, publicKey, bytes)) {
    throw invalidSignature('The signature is missing or wrong.');
  }
  return { ...target, signer_nid: user.userNid, signer_key, signature };
}
