import type { EventId, ServerName } from '../../core/ids.ts';
import {
  getArray,
  getInteger,
  getObject,
  getOwn,
  getString,
  isObject,
  type Json,
  type JsonObject,
} from '../../core/json.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { type ToldReceipt, takeReceipts } from '../../rooms/told-receipts.ts';
import { eduRoom } from './edu-room.ts';
import { isUserOf } from './user-of.ts';

/** Receipts of one transaction that are looked at. */
const MOST_RECEIPTS = 1000;
/** Receipts that wait for their events, and after how many milliseconds they are tried again. */
const MOST_LATE = 1000;
const AGAIN_MS = [1000, 5000, 30_000];
const LONGEST_ID = 255;

interface ReceiptIn extends ToldReceipt {
  readonly roomId: string;
}

/** `m.receipt` (server-server API, "Receipts"). */
export class ReceiptEdus {
  readonly #rooms: RoomsParts;
  readonly #signal: AbortSignal;
  #late = 0;

  /** `signal` ends the waiting for events. */
  constructor(rooms: RoomsParts, signal: AbortSignal) {
    this.#rooms = rooms;
    this.#signal = signal;
  }

  /** The contents of the EDUs of one transaction. */
  async take(origin: ServerName, contents: readonly JsonObject[]): Promise<void> {
    const byRoom = Map.groupBy(
      contents.flatMap(content => this.#read(origin, content)).slice(0, MOST_RECEIPTS),
      ({ roomId }) => roomId,
    );
    for (const [roomId, told] of byRoom) {
      const room = await eduRoom(this.#rooms, origin, roomId);
      if (room !== undefined) await this.#takeIn(room, told, 0);
    }
  }

  #read(origin: ServerName, content: JsonObject): ReceiptIn[] {
    const now = this.#rooms.clock.now();
    return Object.entries(content).flatMap(([roomId, ofRoom]) => {
      const byUser = isObject(ofRoom) ? (getObject(ofRoom, 'm.read') ?? {}) : {};
      return Object.entries(byUser).flatMap(([userId, receipt]): ReceiptIn[] => {
        const told = isUserOf(origin, userId) ? readReceipt(userId, receipt, now) : undefined;
        return told === undefined ? [] : [{ roomId, ...told }];
      });
    });
  }

  /** Events come another way, perhaps in the same transaction, and may take longer. */
  async #takeIn(room: Room, told: readonly ToldReceipt[], tries: number): Promise<void> {
    const unknown = await takeReceipts(this.#rooms, room, told);
    const wait = AGAIN_MS[tries];
    if (unknown.length === 0 || wait === undefined || this.#late + unknown.length > MOST_LATE) return;
    this.#late += unknown.length;
    this.#rooms.clock.after(wait, () => {
      this.#late -= unknown.length;
      if (!this.#signal.aborted) void this.#again(room, unknown, tries + 1);
    });
  }

  async #again(room: Room, told: readonly ToldReceipt[], tries: number): Promise<void> {
    try {
      await this.#takeIn(room, told, tries);
    } catch (error) {
      this.#rooms.log.warn('Receipts of another server that came before their events are lost.', { err: error });
    }
  }
}

function readReceipt(userId: ToldReceipt['userId'], receipt: Json, now: number): ToldReceipt | undefined {
  if (!isObject(receipt)) return undefined;
  const [eventId] = getArray(receipt, 'event_ids') ?? [];
  const data = getObject(receipt, 'data') ?? {};
  const threadId = getString(data, 'thread_id');
  if (typeof eventId !== 'string' || eventId.length > LONGEST_ID) return undefined;
  if (threadId === undefined ? getOwn(data, 'thread_id') !== undefined : threadId === '') return undefined;
  const ts = Math.min(getInteger(data, 'ts') ?? now, now);
  return { userId, eventId: eventId as EventId, threadId, ts };
}
