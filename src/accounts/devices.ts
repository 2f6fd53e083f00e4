import type { Clock } from '../base/clock.ts';
import { type Random, randomLetters } from '../base/random.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import {
  countDevices,
  type DeviceRow,
  deleteDevices,
  devicesOf,
  findDevice,
  insertDevice,
  keepLastSeen,
  renameDevice,
} from './device.table.ts';
import type { LastSeen } from './last-seen.ts';
import type { DeviceListener } from './ports.ts';
import { deleteBareTokens, deleteTokensOfDevices, deleteTokensOpenedBy } from './session.table.ts';
import type { SessionCache } from './session-cache.ts';

const MAX_ID_BYTES = 255;
const MAX_NAME_BYTES = 400;

export interface Device {
  readonly deviceId: string;
  readonly displayName: string | undefined;
  readonly createdTs: number;
  /** Milliseconds since the epoch; at most a minute behind where the device talks to another process. */
  readonly lastSeenTs: number | undefined;
  readonly lastSeenIp: string | undefined;
  readonly userAgent: string | undefined;
}

export interface DevicesParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: DeviceListener;
  readonly sessionCache: SessionCache;
  readonly lastSeen: Pick<LastSeen, 'unwritten'>;
}

/** The devices of local users. A device goes together with its tokens and keys. */
export class Devices {
  readonly #parts: DevicesParts;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  async list(userNid: number, db: Queryable = this.#parts.db): Promise<Device[]> {
    return (await devicesOf(db, userNid)).map(row => this.#device(row));
  }

  /** How many devices some users have together. */
  count(userNids: readonly number[]): Promise<number> {
    return countDevices(this.#parts.db, userNids);
  }

  async find(userNid: number, deviceId: string, db: Queryable = this.#parts.db): Promise<Device | undefined> {
    const row = await findDevice(db, userNid, deviceId);
    return row === undefined ? undefined : this.#device(row);
  }

  #device(row: DeviceRow): Device {
    const seen = this.#parts.lastSeen.unwritten(row.user_nid, row.device_id);
    return {
      deviceId: row.device_id,
      displayName: row.display_name ?? undefined,
      createdTs: row.created_ts,
      lastSeenTs: seen?.ts ?? row.last_seen_ts ?? undefined,
      lastSeenIp: seen?.ip ?? row.last_seen_ip ?? undefined,
      userAgent: (seen === undefined ? row.user_agent : seen.userAgent) ?? undefined,
    };
  }

  /** Makes the device unless there is one of that name. Answers its name, a fresh one where none is asked for. */
  async ensure(tx: Tx, userNid: number, wanted: string | undefined, displayName: string | undefined): Promise<string> {
    const deviceId = wanted ?? randomLetters(this.#parts.random, 10).toUpperCase();
    if (deviceId === '' || utf8Length(deviceId) > MAX_ID_BYTES) {
      throw invalidParam(`A device ID has 1 to ${MAX_ID_BYTES} bytes.`);
    }
    if (await this.#parts.listener.isReservedDeviceId(tx, userNid, deviceId)) {
      throw forbidden('This device ID is the ID of a cross-signing key.');
    }
    const display_name = displayName === undefined ? null : cutName(displayName);
    const created_ts = this.#parts.clock.now();
    const isNew = await insertDevice(tx, { user_nid: userNid, device_id: deviceId, display_name, created_ts });
    if (isNew) await this.#parts.listener.deviceChanged(tx, userNid, [deviceId]);
    return deviceId;
  }

  /** Makes a device without a session, for an appservice. @throws MatrixError M_INVALID_PARAM, M_FORBIDDEN */
  async create(userNid: number, deviceId: string, displayName: string | undefined): Promise<void> {
    await this.#parts.db.tx(tx => this.ensure(tx, userNid, deviceId, displayName));
  }

  /** `remove` in a transaction of its own. */
  async delete(userNid: number, deviceIds: readonly string[]): Promise<void> {
    await this.#parts.db.tx(tx => this.remove(tx, userNid, deviceIds));
  }

  /** @throws MatrixError M_NOT_FOUND, M_TOO_LARGE */
  async rename(userNid: number, deviceId: string, displayName: string): Promise<void> {
    if (utf8Length(displayName) > MAX_NAME_BYTES) {
      throw new MatrixError('M_TOO_LARGE', `A device name has at most ${MAX_NAME_BYTES} bytes.`, { status: 400 });
    }
    await this.#parts.db.tx(async tx => {
      if (!(await renameDevice(tx, userNid, deviceId, displayName))) throw notFound('There is no such device.');
      await this.#parts.listener.deviceChanged(tx, userNid, [deviceId]);
    });
  }

  /** Deletes devices with their tokens and keys; unknown ones are passed over. */
  async remove(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
    const unwritten = deviceIds.map(id => this.#parts.lastSeen.unwritten(userNid, id)?.ts ?? 0);
    await keepLastSeen(tx, userNid, deviceIds, Math.max(0, ...unwritten));
    const gone = await deleteDevices(tx, userNid, deviceIds);
    await deleteTokensOfDevices(tx, userNid, deviceIds);
    if (gone.length > 0) await this.#parts.listener.deviceRemoved(tx, userNid, gone);
    this.#parts.sessionCache.forget(tx, userNid);
  }

  /** Ends every session of a user but one, and of an administrator those as other users. */
  async removeAll(
    tx: Tx,
    userNid: number,
    except: { readonly deviceId: string | undefined; readonly tokenNid: number | undefined } | undefined,
  ): Promise<void> {
    const ids = (await devicesOf(tx, userNid)).map(row => row.device_id).filter(id => id !== except?.deviceId);
    await this.remove(tx, userNid, ids);
    await deleteBareTokens(tx, userNid, except?.tokenNid);
    await this.endActing(tx, userNid);
  }

  /** Ends the sessions in which an administrator acts as other users. */
  async endActing(tx: Tx, userNid: number): Promise<void> {
    for (const other of await deleteTokensOpenedBy(tx, userNid)) this.#parts.sessionCache.forget(tx, other);
  }
}

/** A name given at login is cut, so that nobody fails to log in for it. */
function cutName(name: string): string {
  let cut = name.slice(0, MAX_NAME_BYTES).toWellFormed();
  while (utf8Length(cut) > MAX_NAME_BYTES) cut = cut.slice(0, -1).toWellFormed();
  return cut;
}
