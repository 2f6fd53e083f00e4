import type { JsonObject } from '../core/json.ts';
import { clientEvents } from '../rooms/client-event.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { receiptContents } from '../rooms/receipt-contents.ts';
import { publicReceiptsAt } from '../rooms/receipts.table.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import { LOG_DEVICE_LIST, LOG_EVENT, LOG_RECEIPT, type LogEntry } from '../rooms/room-log.table.ts';
import { strippedState } from '../rooms/stripped-state.ts';
import { withoutVainRedactions } from '../rooms/vain-redactions.ts';
import type { Interest } from './interest.ts';
import type { Registration } from './registration.ts';

/** What of some entries of the room logs an application service is told. */
export interface Told {
  readonly events: readonly JsonObject[];
  readonly receipts: readonly JsonObject[];
  /** Users, by number, whose device lists changed. */
  readonly changedLists: readonly number[];
}

/** Reads what is for an application service. */
export class EntryReader {
  readonly #rooms: RoomsParts;
  readonly #registration: Registration;
  readonly #interest: Interest;

  constructor(rooms: RoomsParts, registration: Registration, interest: Interest) {
    this.#rooms = rooms;
    this.#registration = registration;
    this.#interest = interest;
  }

  async read(entries: readonly LogEntry[]): Promise<Told> {
    const { db, rooms, events } = this.#rooms;
    const stored = await events.byNids(db, refsOf(entries, LOG_EVENT));
    const found = await rooms.byNids(db, new Set(entries.map(entry => entry.room_nid)));
    const told = { events: [] as JsonObject[], receipts: [] as JsonObject[], changedLists: [] as number[] };
    for (const [roomNid, some] of Map.groupBy(entries, entry => entry.room_nid)) {
      const room = found.get(roomNid);
      if (room === undefined) continue;
      const entered = refsOf(some, LOG_EVENT).flatMap(nid => stored.get(nid) ?? []);
      const happened = await withoutVainRedactions(this.#rooms, db, room, entered);
      const isWhole = await this.#interest.inRoom(room, happened);
      const wanted = happened.filter(event => isWhole || this.#interest.inEvent(event));
      told.events.push(...(await this.#events(room, wanted)));
      if (isWhole && this.#registration.receivesEphemeral) told.receipts.push(...(await this.#receipts(room, some)));
      if (isWhole && this.#registration.receivesEncryption) told.changedLists.push(...refsOf(some, LOG_DEVICE_LIST));
    }
    return told;
  }

  async #events(room: Room, wanted: readonly StoredEvent[]): Promise<JsonObject[]> {
    if (wanted.length === 0) return [];
    const { db, nids } = this.#rooms;
    const userId = this.#registration.sender;
    const view = {
      userId,
      userNid: (await nids.users.findOne(db, userId)) ?? 0,
      deviceId: undefined,
      seesAll: true,
    };
    const seen = wanted.map(stored => ({ stored, membership: undefined }));
    const events = await clientEvents(this.#rooms, db, room, view, seen, { withoutBundle: true });
    for (const [at, event] of events.entries()) {
      const stored = wanted[at];
      if (stored !== undefined && isInvite(stored)) Object.assign(event, await this.#withRoom(room, stored, event));
    }
    return events;
  }

  /** Whoever is asked into a room is told what room it is. */
  async #withRoom(room: Room, invite: StoredEvent, { unsigned }: JsonObject): Promise<JsonObject> {
    const state = await strippedState(this.#rooms, this.#rooms.db, room, invite);
    return { unsigned: { ...(unsigned as JsonObject), invite_room_state: state } };
  }

  async #receipts(room: Room, entries: readonly LogEntry[]): Promise<JsonObject[]> {
    const positions = entries.filter(entry => entry.kind === LOG_RECEIPT).map(entry => entry.pos);
    if (positions.length === 0) return [];
    const { db, nids } = this.#rooms;
    const rows = await publicReceiptsAt(db, room.nid, positions);
    const names = await nids.users.names(db, new Set(rows.map(row => row.user_nid)));
    return receiptContents(rows, names).map(content => ({ type: 'm.receipt', room_id: room.roomId, content }));
  }
}

function isInvite({ event }: StoredEvent): boolean {
  return event.type === 'm.room.member' && event.content.membership === 'invite';
}

function refsOf(entries: readonly LogEntry[], kind: number): number[] {
  return entries.filter(entry => entry.kind === kind).map(entry => entry.ref);
}
