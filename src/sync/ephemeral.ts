import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { receiptContents } from '../rooms/receipt-contents.ts';
import { publicReceiptsSince, type ReceiptRow } from '../rooms/receipts.table.ts';
import type { Room } from '../rooms/room.ts';
import type { LogWindow, SyncWindow } from './window.ts';

/** `ephemeral.events` of a room: receipts that moved, and who types if that changed. */
export async function ephemeralEvents(
  window: SyncWindow,
  room: Room,
  after: number,
  privateReceipts: readonly ReceiptRow[],
): Promise<JsonObject[]> {
  const { typing, since, filter } = window;
  const events: JsonObject[] = [];
  if (!filter.ephemeral.matchesRoom(room.roomId)) return events;
  if (filter.ephemeral.matches({ type: 'm.receipt', sender: '' as never, content: {} })) {
    const rows = [...(await publicReceipts(window, room, after)), ...privateReceipts];
    for (const content of receiptContents(rows, await namesOf(window, rows)))
      events.push({ type: 'm.receipt', content });
  }
  if (filter.ephemeral.matches({ type: 'm.typing', sender: '' as never, content: {} })) {
    const users = typing.since(room.nid, since?.typing);
    if (users !== undefined)
      events.push({ type: 'm.typing', content: { user_ids: users.filter(user => !window.ignored.has(user)) } });
  }
  return events;
}

/** Those of a room that is new to the client are all that there are. */
function publicReceipts({ parts, reads, now }: LogWindow, room: Room, after: number): Promise<readonly ReceiptRow[]> {
  if (after === 0) return publicReceiptsSince(parts.db, room.nid, 0);
  return reads.receipts(parts.db, { roomNid: room.nid, after, upTo: now.shards[room.shard] ?? 0 });
}

/** Who is named by receipts, without those whom the user ignores. */
export async function namesOf(
  { parts, ignored }: LogWindow,
  rows: readonly ReceiptRow[],
): Promise<Map<number, UserId>> {
  const names = await parts.nids.users.names(parts.db, new Set(rows.map(row => row.user_nid)));
  return new Map([...names].filter(([, user]) => !ignored.has(user)));
}
