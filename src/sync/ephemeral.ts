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
  const { parts, typing, since, filter } = window;
  const events: JsonObject[] = [];
  if (filter.ephemeral.matches({ type: 'm.receipt', sender: '' as never, content: {} })) {
    const rows = [...(await publicReceiptsSince(parts.db, room.nid, after)), ...privateReceipts];
    if (rows.length > 0) events.push({ type: 'm.receipt', content: await receiptContent(window, rows) });
  }
  if (filter.ephemeral.matches({ type: 'm.typing', sender: '' as never, content: {} })) {
    const users = typing.since(room.nid, since?.typing);
    if (users !== undefined)
      events.push({ type: 'm.typing', content: { user_ids: users.filter(user => !window.ignored.has(user)) } });
  }
  return events;
}

async function receiptContent({ parts, ignored }: SyncWindow, rows: readonly ReceiptRow[]): Promise<JsonObject> {
  const names = await parts.nids.users.names(parts.db, new Set(rows.map(row => row.user_nid)));
  const byEvent = new Map<string, Map<string, JsonObject>>();
  for (const row of rows) {
    const user = names.get(row.user_nid);
    if (user === undefined || ignored.has(user)) continue;
    const byType = byEvent.get(row.event_id) ?? new Map<string, JsonObject>();
    byEvent.set(row.event_id, byType);
    const users = byType.get(row.receipt_type) ?? {};
    // A user has one receipt of a type at an event here: the one for the room as a whole says more (MSC4102).
    if (row.thread !== UNTHREADED && Object.hasOwn(users, user)) continue;
    const thread = row.thread === UNTHREADED ? {} : { thread_id: row.thread };
    byType.set(row.receipt_type, { ...users, [user]: { ts: row.ts, ...thread } });
  }
  return Object.fromEntries([...byEvent].map(([id, byType]) => [id, Object.fromEntries(byType)]));
}
