import type { Requester } from '../accounts/requester.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { getObject, getOwn, getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import {
  type CrossSigningRow,
  crossSigningKeysOf,
  dropCrossSigningKey,
  putCrossSigningKey,
  putSignatures,
  type SignatureRow,
  type Usage,
} from './cross-signing.table.ts';
import {
  type CheckedKey,
  checkCrossSigningKey,
  FIELD_OF,
  type MasterKey,
  signedByMaster,
  theOneKey,
} from './cross-signing-keys.ts';
import { deviceKeysOf } from './device-key.table.ts';
import { ed25519Of } from './device-keys.ts';
import type { DeviceLists } from './device-lists.ts';
import type { LocalDevices, Proof } from './ports.ts';
import { isSignedBy, signedPart } from './signature-shape.ts';
import { lockUser } from './user-lock.table.ts';

const USAGES: readonly Usage[] = ['master', 'self_signing', 'user_signing'];

export interface CrossSigningParts {
  readonly db: Database;
  readonly devices: LocalDevices;
  readonly deviceLists: DeviceLists;
}

/** A user's cross-signing keys (client-server API, "Cross-signing"). */
export class CrossSigning {
  readonly #parts: CrossSigningParts;

  constructor(parts: CrossSigningParts) {
    this.#parts = parts;
  }

  /**
   * `POST /keys/device_signing/upload`. Without a proof of who asks, only a user without a master key may set keys, and
   * keys that are there already may come again; otherwise nothing is stored and the answer is `needs_auth`.
   *
   * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM, M_INVALID_SIGNATURE, M_MISSING_PARAM (no master key) with status
   *   400; M_FORBIDDEN when a key is the ID of one of the user's devices
   */
  async upload(user: Requester, body: JsonObject, proof?: Proof): Promise<'stored' | 'needs_auth'> {
    const keys = USAGES.flatMap(usage => {
      const value = getOwn(body, FIELD_OF[usage]);
      return value === undefined ? [] : [checkCrossSigningKey(value, user.userId, usage)];
    });
    return this.#parts.db.tx(async tx => {
      await lockUser(tx, user.userNid);
      const rows = await crossSigningKeysOf(tx, [user.userNid]);
      const stored = new Map(rows.map(row => [row.usage, row]));
      const fresh = keys.filter(key => stored.get(key.usage)?.public_key !== key.publicKey);
      if (proof === undefined && stored.has('master') && fresh.length > 0) return 'needs_auth';
      await proof?.(tx);
      await this.#refuseDeviceIds(tx, user.userNid, fresh);
      const changed = await store(tx, this.#toStore(user, keys, stored), stored);
      const signed = await storeDeviceSignatures(
        tx,
        user,
        keys.find(key => key.usage === 'master'),
      );
      await this.#announce(tx, user.userNid, changed, signed);
      return 'stored';
    });
  }

  /** Device IDs and public keys name keys in one namespace, so that one must not be the other. */
  async #refuseDeviceIds(tx: Tx, userNid: number, keys: readonly CheckedKey[]): Promise<void> {
    if (keys.length === 0) return;
    const devices = (await this.#parts.devices.of(tx, [userNid])).get(userNid);
    if (keys.some(key => devices?.has(key.publicKey))) throw forbidden('Key ID in use: it is the ID of a device.');
  }

  /** The rows to store, the master key's first. */
  #toStore(
    user: Requester,
    keys: readonly CheckedKey[],
    stored: ReadonlyMap<Usage, CrossSigningRow>,
  ): CrossSigningRow[] {
    const master = keys.find(key => key.usage === 'master') ?? storedMaster(stored.get('master'));
    return keys.map(key => {
      if (master === undefined) throw new MatrixError('M_MISSING_PARAM', 'No master signing key is available.');
      const json =
        key.usage === 'master' ? canonicalJson(signedPart(key.json)) : signedByMaster(key, user.userId, master);
      return { user_nid: user.userNid, usage: key.usage, public_key: key.publicKey, json };
    });
  }

  /** The user-signing key is nobody's business but the user's. */
  async #announce(tx: Tx, userNid: number, changed: readonly CrossSigningRow[], signed: number): Promise<void> {
    const { deviceLists } = this.#parts;
    if (signed > 0 || changed.some(row => row.usage !== 'user_signing'))
      await deviceLists.announce(tx, userNid, { crossSigning: true });
    else if (changed.length > 0) await deviceLists.announceTo(tx, userNid, userNid);
  }
}

/** Stores what differs, and gives it. */
async function store(
  tx: Tx,
  next: readonly CrossSigningRow[],
  stored: ReadonlyMap<Usage, CrossSigningRow>,
): Promise<CrossSigningRow[]> {
  const changed = next.filter(row => stored.get(row.usage)?.json !== row.json);
  const newMaster = changed.some(row => row.usage === 'master' && stored.get('master')?.public_key !== row.public_key);
  for (const old of stored.values()) {
    const replaced = next.find(row => row.usage === old.usage);
    // What the old master key has signed is worth nothing under the new one.
    if (replaced === undefined ? newMaster : replaced.public_key !== old.public_key) await dropCrossSigningKey(tx, old);
  }
  for (const row of changed) await putCrossSigningKey(tx, row);
  return changed;
}

/** The master key may come with signatures of the user's devices: those that are right are kept, others dropped. */
async function storeDeviceSignatures(tx: Tx, user: Requester, master: CheckedKey | undefined): Promise<number> {
  if (master === undefined) return 0;
  return putSignatures(tx, await deviceSignatures(tx, user, master.json, master.publicKey));
}

function storedMaster(row: CrossSigningRow | undefined): MasterKey | undefined {
  return row === undefined ? undefined : theOneKey(JSON.parse(row.json) as JsonObject, 'the stored master key');
}

/** The valid signatures of the user's own devices over the user's master key that `signed` carries. */
export async function deviceSignatures(
  db: Queryable,
  user: { readonly userId: string; readonly userNid: number },
  signed: JsonObject,
  masterKey: string,
): Promise<SignatureRow[]> {
  const own = getObject(getObject(signed, 'signatures') ?? {}, user.userId);
  if (own === undefined) return [];
  const rows: SignatureRow[] = [];
  for (const device of await deviceKeysOf(db, [user.userNid])) {
    const signer_key = `ed25519:${device.device_id}`;
    const signature = getString(own, signer_key);
    if (signature === undefined) continue;
    const publicKey = ed25519Of(JSON.parse(device.json) as JsonObject, device.device_id);
    if (!isSignedBy(signed, user.userId, device.device_id, publicKey)) continue;
    rows.push({ user_nid: user.userNid, target: masterKey, signer_nid: user.userNid, signer_key, signature });
  }
  return rows;
}
