import type { Requester } from '../accounts/requester.ts';
import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import { fits, isUserId, type ServerName, type UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import { type Database, DatabaseUnavailableError, type Queryable, type Tx } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { nextUserPos, userPos } from '../rooms/user-log.table.ts';
import { DEFAULT_LIMITS, DiskGauge, type ToDeviceLimits, trimInbox } from './inbox-limits.ts';
import type { LocalDevices, RemoteToDevice } from './ports.ts';
import { canonicalUpload } from './signature-shape.ts';
import { storedObject } from './stored-json.ts';
import {
  deleteUpTo,
  hasToDevice,
  type Inbox,
  insertToDevice,
  readToDevice,
  type ToDeviceRow,
  takeTransactionId,
} from './to-device.table.ts';
import {
  type Addressed,
  addressed,
  contentOf,
  splitByServer,
  type Target,
  type ToDeviceMessages,
} from './to-device-messages.ts';

export interface ToDeviceParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly serverName: ServerName;
  readonly devices: LocalDevices;
  readonly remoteToDevice?: RemoteToDevice | undefined;
}

/** The bus subject on which it is told that messages came for some device. */
export const TO_DEVICE_SUBJECT = 'to-device';

/** A `m.direct_to_device` EDU of another server. */
export interface IncomingToDevice {
  readonly sender: UserId;
  readonly type: string;
  readonly messageId: string;
  readonly messages: ToDeviceMessages;
}

/** What waits for a device, for one `/sync` answer. */
export interface ToDeviceBatch {
  /** Events with `sender`, `type` and `content`. */
  readonly events: JsonObject[];
  /** The position of the last of them, or `upTo` when all are there: what the next sync acknowledges. */
  readonly upTo: number;
  /** Whether more is waiting behind `upTo`. */
  readonly more: boolean;
}

/** Messages from device to device (client-server API, "Send-to-Device messaging"). */
export class ToDevice {
  readonly #parts: ToDeviceParts;
  readonly #limits: ToDeviceLimits;
  readonly #disk: DiskGauge;
  /** Up to where devices have nothing waiting any more: positions only grow, so nothing comes there again. */
  readonly #acknowledged: ByteCache<number>;

  constructor(parts: ToDeviceParts, limits: ToDeviceLimits = DEFAULT_LIMITS) {
    this.#parts = parts;
    this.#limits = limits;
    this.#acknowledged = new ByteCache({
      name: 'to_device_acknowledged',
      budget: parts.budget,
      weight: 15,
      sizeOf: () => 8,
    });
    this.#disk = new DiskGauge(parts.db, parts.clock, limits.totalBytes);
  }

  /**
   * `PUT /sendToDevice`: stores one message for each device and queues those for other servers, once for each
   * transaction ID of a device. Unknown devices are left out.
   *
   * @throws MatrixError M_TOO_LARGE for too many targets or a large content, M_BAD_JSON for a content that cannot
   *   leave the server, M_LIMIT_EXCEEDED when the disk budget of waiting messages is used up
   */
  async send(user: Requester, type: string, txnId: string, messages: ToDeviceMessages): Promise<void> {
    if (!fits(type) || !fits(txnId))
      throw invalidParam('The event type and the transaction ID have at most 255 bytes.');
    const { local, remote } = splitByServer(messages, this.#parts.serverName, this.#limits);
    for (const content of remote.values())
      for (const one of content.values()) canonicalUpload(one, 'A message', this.#limits.messageBytes);
    await this.#disk.check();
    const id = { userNid: user.userNid, deviceId: user.deviceId ?? '', scope: `to_device ${type}`, txnId };
    const messageId = randomToken(this.#parts.random, 16);
    await this.#parts.db.tx(async tx => {
      if (!(await takeTransactionId(tx, id, this.#parts.clock.now()))) return;
      await this.#deliver(tx, user.userNid, type, await this.#targets(tx, local));
      if (remote.size > 0) {
        await this.#parts.remoteToDevice?.enqueue(tx, { sender: user.userId, type, messageId, messages: remote });
      }
    });
  }

  /**
   * Messages that another server sends, once for each message ID. Recipients who are not of this server are left out.
   *
   * @throws MatrixError as `send` does
   */
  async receive(edu: IncomingToDevice): Promise<void> {
    if (!fits(edu.type) || !isUserId(edu.sender)) throw invalidParam('The message has no proper type or sender.');
    const { local } = splitByServer(edu.messages, this.#parts.serverName, this.#limits);
    if (local.length === 0) return;
    await this.#disk.check();
    await this.#parts.db.tx(async tx => {
      const targets = await this.#targets(tx, local);
      // What reaches nobody leaves nothing behind, not even the name of its sender.
      if (targets.length === 0) return;
      const userNid = await this.#parts.nids.users.internOne(tx, edu.sender);
      const id = { userNid, deviceId: '', scope: 'to_device edu', txnId: edu.messageId.slice(0, 255) };
      if (await takeTransactionId(tx, id, this.#parts.clock.now())) await this.#deliver(tx, userNid, edu.type, targets);
    });
  }

  async #targets(tx: Tx, local: readonly Addressed[]): Promise<Target[]> {
    const { nids, devices } = this.#parts;
    const byName = await nids.users.find(
      tx,
      local.map(to => to.userId),
    );
    const known = await devices.of(tx, [...byName.values()]);
    return addressed(local, byName, known, this.#limits.targets);
  }

  async #deliver(tx: Tx, senderNid: number, type: string, targets: readonly Target[]): Promise<void> {
    const rows: ToDeviceRow[] = [];
    // In the order of numbers: two senders that write to the same users do not wait for each other in a circle.
    for (const { userNid, byDevice } of targets) {
      const pos = await nextUserPos(tx, this.#parts.bus, userNid);
      for (const [device_id, content] of byDevice) {
        const size = content.length + type.length + 100;
        rows.push({ user_nid: userNid, device_id, pos, sender_nid: senderNid, type, size, content });
      }
    }
    await this.#trim(tx, await insertToDevice(tx, rows));
    if (rows.length > 0) tx.afterCommit(() => this.#parts.bus.publish(TO_DEVICE_SUBJECT));
  }

  async #trim(tx: Tx, inboxes: readonly Inbox[]): Promise<void> {
    for (const inbox of inboxes) {
      const dropped = await trimInbox(tx, inbox, this.#limits);
      if (dropped === 0) continue;
      const fields = { user: inbox.user_nid, device: inbox.device_id, dropped };
      tx.afterCommit(() => this.#parts.log.warn('The inbox of a device that does not sync is full.', fields));
    }
  }

  /** The messages of a device at `after < pos <= upTo`, at most about 100 and 1 MiB at once, but at least one. */
  async after(
    db: Queryable,
    userNid: number,
    deviceId: string,
    after: number,
    upTo: number,
    most = this.#limits.batch,
  ): Promise<ToDeviceBatch> {
    const limit = Math.max(1, Math.min(most, this.#limits.batch));
    const rows = await readToDevice(db, userNid, deviceId, { after, upTo, limit: limit + 1 });
    const taken: typeof rows = [];
    let bytes = 0;
    for (const row of rows) {
      bytes += row.size;
      if (taken.length === limit || (taken.length > 0 && bytes > this.#limits.batchBytes)) break;
      taken.push(row);
    }
    const senders = await this.#parts.nids.users.names(db, new Set(taken.map(row => row.sender_nid)));
    const events: JsonObject[] = [];
    for (const row of taken) {
      const content = contentOf(storedObject(this.#parts.log, row.content, 'to-device message'));
      const sender = senders.get(row.sender_nid);
      if (content !== undefined && sender !== undefined) events.push({ sender, type: row.type, content });
    }
    const more = taken.length < rows.length;
    return { events, more, upTo: more ? (taken.at(-1)?.pos ?? upTo) : upTo };
  }

  /** Takes messages out of the inbox, in the transaction that keeps them elsewhere. */
  async remove(tx: Tx, userNid: number, deviceId: string, upTo: number): Promise<void> {
    await deleteUpTo(tx, userNid, deviceId, upTo);
  }

  /**
   * A later sync says that everything up to a position has arrived. Writes only if there is something to delete, and
   * when the disk is full leaves it to the next sync: what lies there is not delivered again, and reading goes on.
   */
  async acknowledge(userNid: number, deviceId: string, upTo: number): Promise<void> {
    const device = `${userNid}/${deviceId}`;
    if (this.#acknowledged.get(device) === upTo) return;
    try {
      const { db } = this.#parts;
      // After the database was put back to an earlier day a device may say that it has what is still to come.
      if ((await hasToDevice(db, userNid, deviceId, upTo)) && upTo <= (await userPos(db, userNid))) {
        await this.#parts.db.tx(tx => deleteUpTo(tx, userNid, deviceId, upTo));
      }
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      this.#parts.log.warn('Delivered messages to a device stay where they are for now.', { err: error });
      return;
    }
    this.#acknowledged.set(device, upTo);
  }
}
