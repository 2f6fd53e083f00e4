import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { type ReceiptRow, UNTHREADED } from './receipts.table.ts';

/** By event, type and user. */
type ReceiptContent = Record<string, Record<string, Record<string, JsonObject>>>;

/**
 * Receipts of one room as contents of `m.receipt`: one as a rule. A user whose receipts for the room and for a thread
 * stand at the same event needs two: a content has room for one of each type. Users without a name are left out.
 */
export function receiptContents(rows: readonly ReceiptRow[], names: ReadonlyMap<number, UserId>): JsonObject[] {
  const contents: ReceiptContent[] = [];
  for (const row of rows) {
    const user = names.get(row.user_nid);
    if (user === undefined) continue;
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
