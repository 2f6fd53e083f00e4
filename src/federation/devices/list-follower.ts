import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database, Tx } from '../../db/database.ts';
import { publicKeyOf } from '../../keys/key-query.ts';
import { type DeviceChange, isVisible, type KeysChange, type ListChange } from './list-changes.ts';
import type { ListServers } from './list-servers.ts';
import { type NeighbourParts, neighbours } from './neighbours.ts';
import { type DeviceRow, deleteRemoteDevices, putRemoteDevices, remoteDevicesOf } from './remote-device.table.ts';
import {
  doubtLists,
  type ListOwner,
  type ListRow,
  lockLists,
  putList,
  QUIETLY,
  wantLists,
} from './remote-device-list.table.ts';
import type { RemoteLists } from './remote-lists.ts';
import { areSameKeys, isSame, rowOf } from './stored-list.ts';
import { MOST_DEVICES, readKeys } from './told-lists.ts';

export interface ListFollowerParts extends NeighbourParts {
  readonly db: Database;
  readonly lists: Pick<RemoteLists, 'announce'>;
  readonly servers: Pick<ListServers, 'want'>;
}

/**
 * So often clients are told of changes of a list for which none of them asks meanwhile. Once would do for those that keep
 * in mind what they were told; a flood stays a few rows.
 */
const MOST_TOLD = 10;

/**
 * Brings device lists of other servers' users up to date with the changes that their servers tell of (server-server API,
 * "Device Management"). A change that does not follow the last one known makes the list stale: it is asked for anew.
 */
export class ListFollower {
  readonly #parts: ListFollowerParts;

  constructor(parts: ListFollowerParts) {
    this.#parts = parts;
  }

  /** Changes of users of one server, in the order in which they came. */
  async receive(changes: readonly ListChange[]): Promise<void> {
    if (changes.length === 0) return;
    const { db, lists } = this.#parts;
    const byUser = Map.groupBy(changes, ({ userId }) => userId);
    await db.tx(async tx => {
      // Whoever shares no room with us is nobody whose list anybody here keeps.
      const owners = await neighbours(this.#parts, tx, [...byUser.keys()]);
      const userNids = [...owners.values()].map(({ userNid }) => userNid);
      if (userNids.length === 0) return;
      const rows = await lockLists(tx, userNids);
      const news: ListOwner[] = [];
      for (const [userId, owner] of owners) {
        const row = rows.get(owner.userNid);
        const changes = byUser.get(userId) ?? [];
        const isNew = row === undefined ? changes.some(isVisible) : await this.#follow(tx, userId, row, changes);
        if (isNew && (row?.told ?? 0) < MOST_TOLD) news.push(owner);
      }
      if (news.length > 0) await lists.announce(tx, news);
    });
  }

  /** Whether clients may see a difference. */
  async #follow(tx: Tx, userId: UserId, row: ListRow, changes: readonly ListChange[]): Promise<boolean> {
    if (row.stale === 1) {
      await doubtLists(tx, [row.user_nid]);
      return changes.some(isVisible);
    }
    const devices = await remoteDevicesOf(tx, [row.user_nid]);
    const list = new ListInHand(userId, row, devices.get(row.user_nid) ?? []);
    for (const change of changes) {
      if (!list.take(change)) return this.#askAnew(tx, row);
    }
    return list.write(tx);
  }

  async #askAnew(tx: Tx, { user_nid, domain_nid }: ListRow): Promise<boolean> {
    await doubtLists(tx, [user_nid]);
    await wantLists(tx, [user_nid], QUIETLY);
    await this.#parts.servers.want(tx, [domain_nid]);
    return true;
  }
}

/** A list that is fresh, while changes are made to it. */
class ListInHand {
  readonly #userId: UserId;
  readonly #old: ListRow;
  readonly #stored: ReadonlyMap<string, DeviceRow>;
  readonly #devices: Map<string, DeviceRow>;
  #streamId: number | null;
  #keys: Pick<ListRow, 'master_key' | 'self_signing_key'>;

  constructor(userId: UserId, row: ListRow, devices: readonly DeviceRow[]) {
    this.#userId = userId;
    this.#old = row;
    this.#stored = new Map(devices.map(device => [device.device_id, device]));
    this.#devices = new Map(this.#stored);
    this.#streamId = row.stream_id;
    this.#keys = row;
  }

  /** False when the list is not known any more with this change. */
  take(change: ListChange): boolean {
    return change.kind === 'device' ? this.#takeDevice(change) : this.#takeKeys(change);
  }

  #takeDevice({ deviceId, streamId, after, device }: DeviceChange): boolean {
    if (this.#streamId === null || device === undefined) return false;
    const row = typeof device === 'string' ? undefined : rowOf(this.#old.user_nid, device);
    // One that was on its way when the list was asked for is among what was answered; or the server counts anew.
    if (streamId <= this.#streamId) return isSame(row, this.#devices.get(deviceId));
    if (after !== this.#streamId) return false;
    if (row === undefined) this.#devices.delete(deviceId);
    else this.#devices.set(deviceId, row);
    this.#streamId = streamId;
    return this.#devices.size <= MOST_DEVICES;
  }

  /** Keys that are not the user's, or not signed as they must be, are not taken, and nor is what they came with. */
  #takeKeys({ master, selfSigning }: KeysChange): boolean {
    const { masterKey, selfSigningKey } = readKeys(
      this.#userId,
      master,
      selfSigning,
      this.#keys.master_key ?? undefined,
    );
    if (masterKey === undefined || (selfSigning !== undefined && selfSigningKey === undefined)) return true;
    // A self-signing key that the old master key has signed is worth nothing under a new one.
    const kept = isSameKey(masterKey, this.#keys.master_key) ? this.#keys.self_signing_key : null;
    this.#keys = { master_key: masterKey, self_signing_key: selfSigningKey ?? kept };
    return true;
  }

  /** Stores what differs. Whether clients see a difference. */
  async write(tx: Tx): Promise<boolean> {
    const { user_nid } = this.#old;
    const gone = [...this.#stored.keys()].filter(deviceId => !this.#devices.has(deviceId));
    const changed = [...this.#devices.values()].filter(one => !isSame(this.#stored.get(one.device_id), one));
    const isNew = gone.length > 0 || changed.length > 0 || !areSameKeys(this.#old, this.#keys);
    if (!isNew && this.#streamId === this.#old.stream_id) return false;
    if (gone.length > 0) await deleteRemoteDevices(tx, user_nid, gone);
    await putRemoteDevices(tx, changed);
    const { master_key, self_signing_key } = this.#keys;
    const stream_id = this.#streamId;
    await putList(tx, { user_nid, stream_id, master_key, self_signing_key, stale: 0, wanted: 0 });
    return isNew;
  }
}

/** Whether it is the same key, with whatever signatures. */
function isSameKey(one: string, other: string | null): boolean {
  if (other === null) return false;
  const [a, b] = [one, other].map(text => publicKeyOf(JSON.parse(text) as JsonObject));
  return a === b;
}
