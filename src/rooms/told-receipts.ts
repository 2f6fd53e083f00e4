import type { EventId, UserId } from '../core/ids.ts';
import { membershipsOf } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { type Receipt, setReceipt, UNTHREADED } from './receipts.table.ts';
import { fitsThread } from './receipts.ts';
import { MEMBERSHIPS, type Room } from './room.ts';

/** How far a user of another server has read. */
export interface ToldReceipt {
  readonly userId: UserId;
  readonly eventId: EventId;
  /** `main`, the root of a thread, or undefined for the room as a whole. */
  readonly threadId: string | undefined;
  /** When, in milliseconds since the epoch. */
  readonly ts: number;
}

/**
 * Moves the public receipts of users of other servers who are joined to a room, as `setMarkers` does for ours. Answers
 * those whose events are not here, or not yet.
 */
export async function takeReceipts(
  parts: RoomsParts,
  room: Room,
  told: readonly ToldReceipt[],
): Promise<readonly ToldReceipt[]> {
  const { db, nids, events } = parts;
  const users = await nids.users.find(
    db,
    told.map(({ userId }) => userId),
  );
  const memberships = await membershipsOf(db, room.nid, [...users.values()]);
  const stored = await events.byIds(
    db,
    told.map(({ eventId }) => eventId),
  );
  // Of several that one user tells of only the furthest counts.
  const moves = new Map<string, Receipt>();
  const unknown: ToldReceipt[] = [];
  for (const receipt of told) {
    const userNid = users.get(receipt.userId);
    if (userNid === undefined || memberships.get(userNid) !== MEMBERSHIPS.join) continue;
    const event = stored.get(receipt.eventId);
    if (event === undefined) unknown.push(receipt);
    if (event?.pos === undefined || event.roomNid !== room.nid) continue;
    const { threadId, eventId, ts } = receipt;
    const thread = threadId ?? UNTHREADED;
    const key = JSON.stringify([userNid, thread]);
    if ((moves.get(key)?.eventPos ?? Number.NEGATIVE_INFINITY) >= event.pos) continue;
    if (threadId !== undefined && !(await fitsThread(parts, room, event, threadId))) continue;
    moves.set(key, { userNid, type: 'm.read', thread, eventId, eventPos: event.pos, ts });
  }
  if (moves.size > 0) {
    await db.tx(async tx => {
      for (const receipt of moves.values()) await setReceipt(tx, parts.bus, room, receipt);
    });
  }
  return unknown;
}
