import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import { domainOf, type ServerName, type UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Tx } from '../../db/database.ts';
import type { OutgoingToDevice, RemoteToDevice } from '../../keys/ports.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { deleteEdus, type EduQueue, oldestEdus, oldestOfAll, queuedEdus, queueEdus } from './outbound-edu.table.ts';
import type { OutboundCounters } from './outbound-metrics.ts';
import { announceWork } from './work-subject.ts';

export interface QueueLimits {
  /** EDUs and bytes that wait for one server. */
  readonly edus: number;
  readonly bytes: number;
  /** Bytes that wait for all servers together. */
  readonly totalBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_QUEUE_LIMITS: QueueLimits = { edus: 10_000, bytes: 32 * MIB, totalBytes: 1024 * MIB };

/** An EDU is cut between devices so that it stays below this, unless one message is larger. */
const EDU_BYTES = 48 * 1024;
/** So many EDUs are dropped at once, so that a full queue is not looked through at each message. */
const DROPPED_AT_ONCE = 100;
/** The sum over all servers is taken once for so many messages. */
const MEASURE_EVERY = 200;

export interface ToDeviceQueueParts {
  readonly nids: Nids;
  readonly bus: Bus;
  readonly log: Log;
  readonly counters: Pick<OutboundCounters, 'dropped'>;
}

type Messages = { [userId: UserId]: { [deviceId: string]: JsonObject } };

/**
 * Messages to devices on other servers (server-server API, "Send-to-device messaging"), durable until these have them.
 * When too much waits for a server, or for all of them, the oldest messages are dropped and the log says so.
 */
export class ToDeviceQueue implements RemoteToDevice {
  readonly #parts: ToDeviceQueueParts;
  readonly #limits: QueueLimits;
  #untilMeasured = 0;

  constructor(parts: ToDeviceQueueParts, limits: QueueLimits = DEFAULT_QUEUE_LIMITS) {
    this.#parts = parts;
    this.#limits = limits;
  }

  async enqueue(tx: Tx, message: OutgoingToDevice): Promise<void> {
    const { nids, bus } = this.#parts;
    const byServer = Map.groupBy(message.messages, ([userId]) => domainOf(userId));
    const numbers = await nids.domains.intern(tx, byServer.keys());
    const edus = [...byServer].flatMap(([server, users]) =>
      edusFor(message, users).map(json => ({ domainNid: numberOf(numbers, server), json })),
    );
    if (edus.length === 0) return;
    const queues = await queueEdus(tx, edus);
    for (const queue of queues) await this.#trim(tx, queue);
    await this.#trimAll(tx);
    tx.afterCommit(() => announceWork(bus, numbers.values()));
  }

  async #trim(tx: Tx, queue: EduQueue): Promise<void> {
    if (queue.edus <= this.#limits.edus && queue.edu_bytes <= this.#limits.bytes) return;
    const oldest = await oldestEdus(tx, queue.domain_nid, Math.max(1, Math.min(DROPPED_AT_ONCE, queue.edus >> 1)));
    await this.#drop(
      tx,
      oldest.map(row => row.nid),
      { domain: queue.domain_nid },
    );
  }

  async #trimAll(tx: Tx): Promise<void> {
    if (this.#untilMeasured-- > 0) return;
    this.#untilMeasured = MEASURE_EVERY;
    if ((await queuedEdus(tx)).bytes <= this.#limits.totalBytes) return;
    this.#untilMeasured = 0;
    await this.#drop(tx, await oldestOfAll(tx, DROPPED_AT_ONCE), {});
  }

  async #drop(tx: Tx, nids: readonly number[], of: { readonly domain?: number }): Promise<void> {
    const dropped = await deleteEdus(tx, nids);
    tx.afterCommit(() => {
      this.#parts.counters.dropped.add({}, dropped);
      this.#parts.log.error('Too many messages to devices wait for other servers: the oldest are lost.', {
        ...of,
        dropped,
      });
    });
  }
}

function numberOf(numbers: ReadonlyMap<ServerName, number>, server: ServerName): number {
  const nid = numbers.get(server);
  if (nid === undefined) throw new Error(`no number was given to ${server}`);
  return nid;
}

/** The EDUs for the users of one server, as JSON texts. Each has a message ID of its own. */
function edusFor(
  { sender, type, messageId }: OutgoingToDevice,
  users: readonly (readonly [UserId, ReadonlyMap<string, JsonObject>])[],
): string[] {
  return [...cut(users)].map((messages, at) => {
    const message_id = at === 0 ? messageId : `${messageId}.${at}`;
    return JSON.stringify({ edu_type: 'm.direct_to_device', content: { sender, type, message_id, messages } });
  });
}

function* cut(users: readonly (readonly [UserId, ReadonlyMap<string, JsonObject>])[]): Generator<Messages, void> {
  let messages: Messages = {};
  let bytes = 0;
  for (const [userId, byDevice] of users) {
    for (const [deviceId, content] of byDevice) {
      const size = Buffer.byteLength(JSON.stringify(content)) + userId.length + deviceId.length;
      if (bytes > 0 && bytes + size > EDU_BYTES) {
        yield messages;
        messages = {};
        bytes = 0;
      }
      messages[userId] = { ...messages[userId], [deviceId]: content };
      bytes += size;
    }
  }
  if (bytes > 0) yield messages;
}
