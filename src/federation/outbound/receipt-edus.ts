import type { EventId, RoomId, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { UNTHREADED } from '../../rooms/receipts.table.ts';

/** A public receipt of a local user. */
export interface OutgoingReceipt {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly eventId: EventId;
  readonly ts: number;
  /** `main`, a thread's root event, or UNTHREADED. */
  readonly thread: string;
}

type Content = { [roomId: RoomId]: { [userId: UserId]: JsonObject } };

/**
 * Receipts as `m.receipt` EDUs (server-server API, "Receipts"), as few as can be: an EDU names a user once in a room, so
 * that several threads of one user are several EDUs.
 */
export class ReceiptEdus {
  readonly #contents: Content[] = [];
  readonly #mayHaveAnother: () => boolean;

  /** `mayHaveAnother` is asked for each EDU. */
  constructor(mayHaveAnother: () => boolean) {
    this.#mayHaveAnother = mayHaveAnother;
  }

  /** Whether it went in. */
  add(receipt: OutgoingReceipt): boolean {
    const content = this.#contentFor(receipt);
    if (content === undefined) return false;
    content[receipt.roomId] = { ...content[receipt.roomId], [receipt.userId]: receiptOf(receipt) };
    return true;
  }

  edus(): JsonObject[] {
    return this.#contents.map(content => ({
      edu_type: 'm.receipt',
      content: Object.fromEntries(Object.entries(content).map(([room, users]) => [room, { 'm.read': users }])),
    }));
  }

  #contentFor({ roomId, userId }: OutgoingReceipt): Content | undefined {
    const free = this.#contents.find(content => content[roomId]?.[userId] === undefined);
    if (free !== undefined || !this.#mayHaveAnother()) return free;
    const fresh: Content = {};
    this.#contents.push(fresh);
    return fresh;
  }
}

function receiptOf({ eventId, ts, thread }: OutgoingReceipt): JsonObject {
  return { event_ids: [eventId], data: thread === UNTHREADED ? { ts } : { ts, thread_id: thread } };
}
