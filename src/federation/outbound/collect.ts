import type { Account } from '../../base/budget-account.ts';
import type { Log } from '../../base/log.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { ownEvents } from '../../rooms/events.table.ts';
import { publicReceiptsOf } from '../../rooms/receipts.table.ts';
import { LOG_EVENT, LOG_RECEIPT } from '../../rooms/room-log.table.ts';
import type { RoomStore } from '../../rooms/store.ts';
import { type DeviceListParts, deviceListEdus } from './device-list-edus.ts';
import { Draft } from './draft.ts';
import type { Ephemeral } from './ephemeral.ts';
import type { ListStep, RangeStep } from './moves.ts';
import { listsOf, type OutboundList, sharingWithServer } from './outbound-device-list.table.ts';
import { edusByNid, oldestEdus } from './outbound-edu.table.ts';
import { type OutboundRange, rangesOf } from './outbound-ranges.table.ts';
import { Parcel } from './parcel.ts';
import { readEvents } from './read-events.ts';
import { type OutgoingReceipt, ReceiptEdus } from './receipt-edus.ts';

export interface CollectParts extends DeviceListParts {
  readonly db: Database;
  readonly log: Log;
  readonly store: RoomStore;
  readonly serverName: ServerName;
  /** Up to where each shard's log is noted. */
  readonly follower: { noted(): Promise<ReadonlyMap<number, number>> };
  readonly ephemeral: Ephemeral;
  /** What the transactions that are under way are charged to. */
  readonly account: Account;
}

export interface Wanted {
  readonly domainNid: number;
  readonly server: ServerName;
  /** The most events and EDUs together. */
  readonly items: number;
}

/** Ranges that are looked at for one transaction. */
const MOST_RANGES = 100;
const MOST_LISTS = 50;
/** Receipts of one transaction. */
const MOST_RECEIPTS = 200;
const RECEIPT_BYTES = 250;
/** What is held for a byte of a transaction: parsed, as canonical text, and as the body. */
export const HELD_PER_BYTE = 4;

/** Reads what is next for a server, as much as one transaction carries. */
export async function collect(parts: CollectParts, wanted: Wanted, signal: AbortSignal): Promise<Parcel> {
  return new Collection(parts, wanted).run(signal);
}

class Collection {
  readonly #parts: CollectParts;
  readonly #wanted: Wanted;
  readonly #draft: Draft;
  readonly #ranges: RangeStep[] = [];
  readonly #lists: ListStep[] = [];
  readonly #made: JsonObject[] = [];
  #noted: ReadonlyMap<number, number> = new Map();
  /** Rooms with more events than fit: receipts wait for the events. */
  readonly #cut = new Set<number>();
  #isBehind = false;
  /** Ranges of which everything goes. */
  #whole = 0;

  constructor(parts: CollectParts, wanted: Wanted) {
    this.#parts = parts;
    this.#wanted = wanted;
    this.#draft = new Draft(wanted.items);
  }

  async run(signal: AbortSignal): Promise<Parcel> {
    const { db, account, ephemeral, follower } = this.#parts;
    const { domainNid, server } = this.#wanted;
    this.#noted = await follower.noted();
    const ranges = await rangesOf(db, domainNid, MOST_RANGES);
    const planned = await this.#planEvents(ranges.filter(range => range.kind === LOG_EVENT));
    await this.#addLists();
    const queued = await this.#planQueued();
    await this.#addReceipts(ranges.filter(range => range.kind === LOG_RECEIPT));
    using held = new DisposableStack();
    held.use(await account.reserve(this.#draft.bytes * HELD_PER_BYTE, signal));
    const events = await readEvents(this.#parts, planned, server);
    const queuedJson = await queuedObjects(db, queued);
    const fleeting = ephemeral.take(domainNid, this.#draft.edusLeft);
    const isRest = this.#draft.isRoomy && ranges.length < MOST_RANGES && ranges.length === this.#whole;
    return new Parcel({
      events,
      made: this.#made,
      queued: queuedJson,
      fleeting,
      moves: { ranges: this.#ranges, edus: queued, lists: this.#lists },
      bytes: this.#draft.bytes,
      isBehind: this.#isBehind,
      isAll: isRest && queued.length + this.#lists.length + fleeting.length === 0,
      held: held.move(),
    });
  }

  /** The numbers of the events of some ranges that fit. */
  async #planEvents(ranges: readonly OutboundRange[]): Promise<number[]> {
    const nids: number[] = [];
    for (const range of ranges) {
      const end = await this.#endOf(range);
      if (end < range.from_pos) continue;
      const found = await ownEvents(
        this.#parts.db,
        range.room_nid,
        { from: range.from_pos, to: end },
        this.#draft.pdusLeft + 1,
      );
      const taken = takeWhile(found, ({ bytes }) => this.#draft.addPdu(bytes));
      nids.push(...taken.map(({ nid }) => nid));
      const isCut = taken.length < found.length;
      if (isCut) this.#cut.add(range.room_nid);
      this.#step(range, isCut ? taken.at(-1)?.pos : end, end);
    }
    return nids;
  }

  #step({ room_nid: roomNid, kind, from_pos: from }: OutboundRange, upTo: number | undefined, end: number): void {
    if (upTo !== undefined) this.#ranges.push({ roomNid, kind, from, upTo });
    if (upTo === end) this.#whole++;
  }

  /** Up to where a range can be sent now. */
  async #endOf(range: OutboundRange): Promise<number> {
    const { db, store } = this.#parts;
    const room = (await store.rooms.byNids(db, [range.room_nid])).get(range.room_nid);
    const noted = room === undefined ? -1 : (this.#noted.get(room.shard) ?? 0);
    if (noted < range.from_pos) this.#isBehind = true;
    return Math.min(range.until_pos ?? Number.MAX_SAFE_INTEGER, noted);
  }

  /** The numbers of the queued EDUs that fit. */
  async #planQueued(): Promise<number[]> {
    const { db } = this.#parts;
    const limit = this.#draft.edusLeft;
    if (limit === 0) return [];
    const found = await oldestEdus(db, this.#wanted.domainNid, limit);
    return takeWhile(found, ({ bytes }) => this.#draft.addEdu(bytes)).map(({ nid }) => nid);
  }

  async #addLists(): Promise<void> {
    const { db, store } = this.#parts;
    const { domainNid } = this.#wanted;
    if (this.#draft.edusLeft === 0) return;
    const waiting = await listsOf(db, domainNid, MOST_LISTS);
    if (waiting.length === 0) return;
    const nids = waiting.map(list => list.user_nid);
    const names = await store.nids.users.names(db, nids);
    const sharing = new Set(await sharingWithServer(db, domainNid, nids));
    for (const list of waiting) {
      const id = sharing.has(list.user_nid) ? names.get(list.user_nid) : undefined;
      await this.#addList({ nid: list.user_nid, id }, list);
    }
  }

  /** Who shares no room with the user any more gets nothing, and waits for nothing. */
  async #addList(user: { readonly nid: number; readonly id: UserId | undefined }, list: OutboundList): Promise<void> {
    const edus = user.id === undefined ? [] : await deviceListEdus(this.#parts, { nid: user.nid, id: user.id }, list);
    const taken = takeWhile(edus, ({ edu }) => this.#draft.addEdu(Buffer.byteLength(JSON.stringify(edu))));
    this.#made.push(...taken.map(({ edu }) => edu));
    const last = taken.at(-1);
    if (last !== undefined) this.#lists.push({ userNid: user.nid, sentTo: last.sentTo, previous: last.previous });
    else if (edus.length === 0)
      this.#lists.push({ userNid: user.nid, sentTo: list.to_stream, previous: list.prev_stream });
  }

  async #addReceipts(ranges: readonly OutboundRange[]): Promise<void> {
    const edus = new ReceiptEdus(() => this.#draft.addEdu(RECEIPT_BYTES));
    let left = MOST_RECEIPTS;
    for (const range of ranges) {
      const end = this.#cut.has(range.room_nid) ? -1 : await this.#endOf(range);
      if (end < range.from_pos || left <= 0) continue;
      const found = await this.#receiptsIn(range, end, left);
      const taken = takeWhile(found, receipt => edus.add(receipt));
      left -= taken.length;
      this.#step(range, taken.length < found.length || left <= 0 ? taken.at(-1)?.pos : end, end);
    }
    this.#made.push(...edus.edus());
  }

  async #receiptsIn(range: OutboundRange, to: number, limit: number): Promise<(OutgoingReceipt & { pos: number })[]> {
    const { db, store, serverName } = this.#parts;
    const own = await store.nids.domains.findOne(db, serverName);
    if (own === undefined) return [];
    const rows = await publicReceiptsOf(db, range.room_nid, own, { from: range.from_pos, to }, limit);
    const users = await store.nids.users.names(db, new Set(rows.map(row => row.user_nid)));
    const roomId = (await store.rooms.byNids(db, [range.room_nid])).get(range.room_nid)?.roomId;
    return rows.flatMap(({ user_nid, event_id: eventId, ts, thread, pos }) => {
      const userId = users.get(user_nid);
      return userId === undefined || roomId === undefined ? [] : [{ roomId, userId, eventId, ts, thread, pos }];
    });
  }
}

/** EDUs of the queue, parsed. */
export async function queuedObjects(db: Database, nids: readonly number[]): Promise<JsonObject[]> {
  if (nids.length === 0) return [];
  return (await edusByNid(db, nids)).map(({ json }) => JSON.parse(json) as JsonObject);
}

/** The first items up to one that `take` does not take. */
function takeWhile<T>(items: readonly T[], take: (item: T) => boolean): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (!take(item)) break;
    taken.push(item);
  }
  return taken;
}
