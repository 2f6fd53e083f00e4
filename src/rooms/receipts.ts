import type { EventId } from '../core/ids.ts';
import { invalidParam, notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { ReadListener } from './ports.ts';
import { type ReceiptType, setReceipt, UNTHREADED } from './receipts.table.ts';
import type { Room, StoredEvent } from './room.ts';
import { belongsTo, MAIN, threadOf } from './thread-of.ts';
import type { Viewer } from './visibility.ts';
import { visibleEvents } from './visibility.ts';

/** What a client can mark as read; `m.fully_read` is no receipt but a marker in the room's account data. */
export type MarkerType = ReceiptType | 'm.fully_read';

export interface Marker {
  readonly type: MarkerType;
  readonly eventId: string;
  /** `main`, the root of a thread, or undefined for the room as a whole. */
  readonly threadId?: string | undefined;
}

/**
 * Moves a user's markers in a room forward; one that stands further already stays. Notifications up to a receipt are
 * read from then on (client-server API, "Receipts" and "Fully read markers").
 *
 * @throws MatrixError M_NOT_FOUND for events that the user cannot see, M_INVALID_PARAM when the event is not in the thread
 */
export async function setMarkers(
  parts: RoomsParts,
  listener: ReadListener,
  room: Room,
  user: Viewer,
  markers: readonly Marker[],
): Promise<void> {
  const found: { marker: Marker; stored: Placed }[] = [];
  // The shared log before the user's own, as everywhere: transactions that lock in one order do not wait in a circle.
  const ordered = ORDER.flatMap(type => markers.filter(marker => marker.type === type));
  for (const marker of ordered) found.push({ marker, stored: await checked(parts, room, user, marker) });
  await parts.db.tx(async tx => {
    for (const { marker, stored } of found) await move(parts, listener, tx, room, user, marker, stored);
  });
}

const ORDER: readonly MarkerType[] = ['m.read', 'm.read.private', 'm.fully_read'];

interface Placed extends StoredEvent {
  readonly pos: number;
}

async function checked(parts: RoomsParts, room: Room, user: Viewer, marker: Marker): Promise<Placed> {
  const stored = await parts.events.inRoom(parts.db, room, marker.eventId as EventId);
  // Also messages of people one ignores can be read up to.
  const viewer = { userId: user.userId, userNid: user.userNid };
  const [seen] = stored === undefined ? [] : await visibleEvents(parts, parts.db, room, viewer, [stored]);
  if (seen?.stored.pos === undefined) throw notFound('The event is not in this room.');
  await checkThread(parts, room, seen.stored, marker);
  return { ...seen.stored, pos: seen.stored.pos };
}

async function checkThread(parts: RoomsParts, room: Room, stored: StoredEvent, { type, threadId }: Marker) {
  if (threadId === undefined) return;
  if (threadId === '') throw invalidParam('thread_id must not be empty.');
  if (type === 'm.fully_read') throw invalidParam('m.fully_read is for the room as a whole, without thread_id.');
  if (!(await fitsThread(parts, room, stored, threadId))) {
    throw invalidParam('The event is not in the thread that thread_id names.');
  }
}

/** Whether a receipt for a thread, or for `main`, may stand at an event. */
export async function fitsThread(
  parts: RoomsParts,
  room: Room,
  stored: StoredEvent,
  threadId: string,
): Promise<boolean> {
  // The root of a thread and the reactions to it are in the main timeline, but they are read with the thread too.
  return threadId === MAIN
    ? (await threadOf(parts, parts.db, room, stored)) === MAIN
    : await belongsTo(parts, parts.db, room, stored, threadId);
}

async function move(
  parts: RoomsParts,
  listener: ReadListener,
  tx: Tx,
  room: Room,
  user: Viewer,
  { type, threadId }: Marker,
  { event, pos }: Placed,
): Promise<void> {
  if (type === 'm.fully_read') return moveFullyRead(parts, listener, tx, room, user, event.id, pos);
  const receipt = {
    userNid: user.userNid,
    type,
    thread: threadId ?? UNTHREADED,
    eventId: event.id,
    eventPos: pos,
    ts: parts.clock.now(),
  };
  const moved = await setReceipt(tx, parts.bus, room, receipt);
  if (moved) await listener.readUpTo(tx, user.userNid, room.nid, threadId, pos);
}

async function moveFullyRead(
  parts: RoomsParts,
  listener: ReadListener,
  tx: Tx,
  room: Room,
  { userNid }: Viewer,
  eventId: EventId,
  pos: number,
): Promise<void> {
  const id = await listener.fullyRead(tx, userNid, room.roomId);
  const current = id === undefined ? undefined : await parts.events.inRoom(tx, room, id);
  if (current?.pos !== undefined && current.pos >= pos) return;
  await listener.setFullyRead(tx, userNid, room.roomId, eventId);
}
