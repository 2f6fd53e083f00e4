import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { beginAtHeads, forgetReader } from '../rooms/log-reader.table.ts';
import { roomsOfUser } from '../rooms/members.table.ts';
import { receiptContents } from '../rooms/receipt-contents.ts';
import type { ReceiptRow } from '../rooms/receipts.table.ts';
import { MEMBERSHIPS, type Room } from '../rooms/room.ts';
import { addAppservice, appserviceIds, deleteAppservice, waitingFor } from './appservice.table.ts';
import type { Asked } from './asked.ts';
import { Lane, type LaneParts } from './lane.ts';
import { readerOf } from './outbox.ts';

/** Tells every application service that has an address what happens. */
export class Lanes {
  readonly #parts: LaneParts;
  readonly #known: readonly string[];
  readonly #lanes: ReadonlyMap<string, Lane>;

  /** `known`: the IDs of all that are registered. */
  constructor(parts: LaneParts, asked: readonly Asked[], known: readonly string[]) {
    this.#parts = parts;
    this.#known = known;
    this.#lanes = new Map(asked.map(each => [each.registration.id, new Lane(parts, each)]));
  }

  /** One that is new hears of what happens from now on; what waited for one that is registered no more is let go. */
  async prepare(): Promise<void> {
    const { db, log } = this.#parts;
    for (const id of this.#lanes.keys()) {
      await db.tx(async tx => {
        await addAppservice(tx, id);
        await beginAtHeads(tx, readerOf(id));
      });
    }
    for (const id of await appserviceIds(db)) {
      if (this.#lanes.has(id)) continue;
      const { transactions } = await waitingFor(db, id);
      const isRegistered = this.#known.includes(id);
      log.warn('An application service that was told of events is not any more.', { id, isRegistered, transactions });
      await db.tx(async tx => {
        await forgetReader(tx, readerOf(id));
        await deleteAppservice(tx, id);
      });
    }
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(lane => lane.run(signal)));
  }

  heard(id: string): void {
    this.#lanes.get(id)?.heard();
  }

  /** Who types in a room has changed: `users` do now. */
  types(roomNid: number, users: readonly UserId[]): void {
    this.#attempt(async () => {
      const { db, rooms } = this.#parts;
      const room = (await rooms.rooms.byNids(db, [roomNid])).get(roomNid);
      if (room !== undefined) await Promise.all([...this.#lanes.values()].map(lane => lane.types(room, users)));
    });
  }

  /** A private receipt has moved. */
  readsInPrivate(receipt: ReceiptRow): void {
    this.#attempt(async () => {
      const { db, rooms } = this.#parts;
      const names = await rooms.nids.users.names(db, new Set([receipt.user_nid]));
      const room = (await rooms.rooms.byNids(db, [receipt.room_nid])).get(receipt.room_nid);
      const [userId] = names.values();
      const [content] = receiptContents([receipt], names);
      if (room === undefined || userId === undefined || content === undefined) return;
      for (const lane of this.#lanes.values()) lane.readsInPrivate(room, userId, receipt.thread, content);
    });
  }

  /** Users have come or gone. */
  presenceChanged(userNids: readonly number[], contentOf: (userNid: number) => Promise<JsonObject>): void {
    this.#attempt(async () => {
      const { db, rooms } = this.#parts;
      const names = await rooms.nids.users.names(db, new Set(userNids));
      for (const [userNid, userId] of names) {
        const joined = await this.#roomsOf(userNid);
        for (const lane of this.#lanes.values()) await lane.isThere(userId, joined, () => contentOf(userNid));
      }
    });
  }

  async #roomsOf(userNid: number): Promise<readonly Room[]> {
    const { db, rooms } = this.#parts;
    const joined = (await roomsOfUser(db, userNid)).filter(row => row.membership === MEMBERSHIPS.join);
    return [...(await rooms.rooms.byNids(db, new Set(joined.map(row => row.room_nid)))).values()];
  }

  /** What passes is no loss. */
  #attempt(work: () => Promise<void>): void {
    if (this.#lanes.size === 0) return;
    work().catch((error: unknown) => this.#parts.log.debug('What passes was not told on.', { err: error }));
  }
}
