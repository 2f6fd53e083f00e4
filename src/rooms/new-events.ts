import type { Event } from '../core/event.ts';
import { canonicalText } from '../core/hashes.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { insertEvents, type NewEvent } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';

/** What is said of an event that has no place in the room, or none yet. */
export interface Placeless {
  readonly event: Event;
  readonly flags: number;
  /** Why it was rejected. */
  readonly reason?: string | undefined;
  readonly replacesNid?: number | undefined;
}

/** Stores events without a place: many at once, none of them known yet. Answers their numbers. */
export async function writePlaceless(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  events: readonly Placeless[],
): Promise<ReadonlyMap<EventId, number>> {
  if (events.length === 0) return new Map();
  const { nids } = parts;
  const all = events.map(({ event }) => event);
  const types = await nids.types.intern(tx, new Set(all.map(event => event.type)));
  const stateKeys = await nids.stateKeys.intern(tx, new Set(all.flatMap(event => event.stateKey ?? [])));
  const senders = await nids.users.intern(tx, new Set(all.map(event => event.sender)));
  const rows = events.map(
    ({ event, flags, reason, replacesNid }): NewEvent => ({
      eventId: event.id,
      roomNid: room.nid,
      typeNid: types.get(event.type)!,
      stateKeyNid: event.stateKey === undefined ? null : stateKeys.get(event.stateKey)!,
      senderNid: senders.get(event.sender)!,
      depth: event.depth,
      ts: event.ts,
      flags,
      pos: null,
      stateBefore: 0,
      roomRoot: 0,
      replacesNid: replacesNid ?? null,
      reason: reason ?? null,
      json: canonicalText(event.pdu, event.version),
    }),
  );
  return insertEvents(tx, rows);
}
