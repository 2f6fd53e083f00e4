import type { JsonObject } from '../core/json.ts';
import { publicReceiptsSince, type ReceiptRow, UNTHREADED } from '../rooms/receipts.table.ts';
import type { Room } from '../rooms/room.ts';
import type { SyncWindow } from './window.ts';

/** `ephemeral.events` of a room: receipts that moved, and who types if that changed. */
export async function ephemeralEvents(
  window: SyncWindow,
  room: Room,
  after: number,
  privateReceipts: readonly ReceiptRow[],
): Promise<JsonObject[]> {
  const { typing, since, filter } = window;
  const events: JsonObject[] = [];
  if (filter.ephemeral.matches({ type: 'm.receipt', sender: '' as never, content: {} })) {
    const rows = [...(await publicReceipts(window, room, after)), ...privateReceipts];
    for (const content of await receiptContents(window, rows)) events.push({ type: 'm.receipt', content });
  }
  if (filter.ephemeral.matches({ type: 'm.typing', sender: '' as never, content: {} })) {
    const users = typing.since(room.nid, since?.typing);
    if (users !== undefined)
      events.push({ type: 'm.typing', content: { user_ids: users.filter(user => !window.ignored.has(user)) } });
  }
  return events;
}

/** Those of a room that is new to the client are all that there are. */
function publicReceipts({ parts, reads, now }: SyncWindow, room: Room, after: number): Promise<readonly ReceiptRow[]> {
  if (after === 0) return publicReceiptsSince(parts.db, room.nid, 0);
  return reads.receipts(parts.db, { roomNid: room.nid, after, upTo: now.shards[room.shard] ?? 0 });
}

/**
 * One `m.receipt` as a rule. A user whose receipts for the room and for a thread stand at the same event needs two: its
 * content has room for one of each type.
 */
async function receiptContents({ parts, ignored }: SyncWindow, rows: readonly ReceiptRow[]): Promise<JsonObject[]> {
  const names = await parts.nids.users.names(parts.db, new Set(rows.map(row => row.user_nid)));
  const contents: ReceiptContent[] = [];
  for (const row of rows) {
    const user = names.get(row.user_nid);
    if (user === undefined || ignored.has(user)) continue;
    const { event_id: id, receipt_type: type } = row;
    const free = contents.findIndex(content => content[id]?.[type]?.[user] === undefined);
    const at = free === -1 ? contents.length : free;
    const content = contents[at] ?? {};
    const byType = content[id] ?? {};
    const byUser = byType[type] ?? {};
    byUser[user] = { ts: row.ts, ...(row.thread === UNTHREADED ? {} : { thread_id: row.thread }) };
    byType[type] = byUser;
    content[id] = byType;
    contents[at] = content;
  }
  return contents;
}

/** By event, type and user. */
type ReceiptContent = Record<string, Record<string, Record<string, JsonObject>>>;
