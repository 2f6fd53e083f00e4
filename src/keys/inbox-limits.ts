import type { Clock } from '../base/clock.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { deleteOldestOf, heaviestSender, type Inbox, readInbox, waitingBytes } from './to-device.table.ts';

export interface ToDeviceLimits {
  /** Devices that one request may reach. */
  readonly targets: number;
  /** Bytes of one content. */
  readonly messageBytes: number;
  /** Messages and bytes that wait for one device. */
  readonly inboxMessages: number;
  readonly inboxBytes: number;
  /** Bytes that wait for all devices together: the disk budget. */
  readonly totalBytes: number;
  /** Messages and bytes of one `/sync` answer. */
  readonly batch: number;
  readonly batchBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: ToDeviceLimits = {
  targets: 5000,
  messageBytes: 64 * 1024,
  inboxMessages: 10_000,
  inboxBytes: 32 * MIB,
  totalBytes: 8 * 1024 * MIB,
  batch: 100,
  batchBytes: MIB,
};

/** How long a measurement of the disk budget is believed, in milliseconds. */
const MEASURE_EVERY_MS = 60_000;

/** Refuses new messages while too many bytes wait for devices. Measured once a minute: the sum reads a row per inbox. */
export class DiskGauge {
  readonly #db: Queryable;
  readonly #clock: Clock;
  readonly #limit: number;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  constructor(db: Queryable, clock: Clock, limit: number) {
    this.#db = db;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED */
  async check(): Promise<void> {
    if (this.#clock.monotonic() - this.#measuredAt >= MEASURE_EVERY_MS) {
      this.#measuredAt = this.#clock.monotonic();
      this.#bytes = await waitingBytes(this.#db);
    }
    if (this.#bytes <= this.#limit) return;
    throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many to-device messages wait on this server.', {
      fields: { retry_after_ms: MEASURE_EVERY_MS },
    });
  }
}

/**
 * Brings an inbox back under its limits: whoever has most in it loses the older half of it, until it fits.
 *
 * Refusing the sender instead would let one abandoned device stop key sharing in every room of its user, and dropping
 * the oldest of all would let one sender flush what others have sent.
 *
 * @returns how many messages were dropped
 */
export async function trimInbox(tx: Tx, full: Inbox, limits: ToDeviceLimits): Promise<number> {
  let inbox: Inbox | undefined = full;
  let dropped = 0;
  while (inbox !== undefined && (inbox.messages > limits.inboxMessages || inbox.bytes > limits.inboxBytes)) {
    const heaviest = await heaviestSender(tx, inbox.user_nid, inbox.device_id);
    if (heaviest === undefined) break;
    const gone = await deleteOldestOf(tx, inbox, heaviest.sender_nid, Math.ceil(heaviest.messages / 2));
    if (gone === 0) break;
    dropped += gone;
    inbox = await readInbox(tx, full.user_nid, full.device_id);
  }
  return dropped;
}
