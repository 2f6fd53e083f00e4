import type { RoomId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { receiptContents } from '../../../rooms/receipt-contents.ts';
import { type ReceiptRow, receiptsAtEvents, receiptsOfUser, UNTHREADED } from '../../../rooms/receipts.table.ts';
import { namesOf } from '../../ephemeral.ts';
import { stretch } from '../../window.ts';
import { TOLD_RECEIPTS } from '../connection-state.ts';
import type { MatchedRoom } from '../matching.ts';
import type { ExtensionScope } from '../request.ts';
import { type ExtensionContext, type Scope, scopeOf } from './extension-context.ts';

/**
 * MSC3960: receipts. Of a room that is new to the client, or of which it sees more now, those of the user and those that
 * stand at what is shown: of a large room there are too many.
 */
export async function receiptsExtension(ctx: ExtensionContext, scope: ExtensionScope): Promise<JsonObject> {
  const told = scopeOf(ctx, scope, TOLD_RECEIPTS);
  const fresh = new Set(told.fresh);
  const rows = new Map<RoomId, ReceiptRow[]>();
  const add = (roomId: RoomId, some: readonly ReceiptRow[]): void => {
    if (some.length > 0) rows.set(roomId, [...(rows.get(roomId) ?? []), ...some]);
  };
  for (const one of told.looked) {
    const { nid, row, membership } = one.room;
    if (membership !== 'join') continue;
    const isWider = ctx.results.get(nid)?.json.expanded_timeline === true;
    if (fresh.has(one) || (isWider && told.has(nid))) add(row.room_id, await shownReceipts(ctx, one));
    else if (mayHaveMoved(ctx, nid) && told.has(nid)) add(row.room_id, await movedReceipts(ctx, one));
  }
  for (const [roomId, own] of await privateElsewhere(ctx, told)) add(roomId, own);
  const rooms: Record<RoomId, JsonObject> = {};
  for (const [roomId, some] of rows) {
    // A content has room for one receipt of a kind at one event. That for the room as a whole says more.
    const first = some.toSorted((a, b) => Number(a.thread !== UNTHREADED) - Number(b.thread !== UNTHREADED));
    const [content] = receiptContents(first, await namesOf(ctx.window, first));
    if (content !== undefined) rooms[roomId] = { type: 'm.receipt', content };
  }
  return Object.keys(rooms).length > 0 ? { rooms } : {};
}

function mayHaveMoved({ busy, privateReceipts, draft }: ExtensionContext, nid: number): boolean {
  return busy.has(nid) || privateReceipts.has(nid) || draft.before.get(nid)?.behind !== undefined;
}

/** What moved since the client was told of the room. */
async function movedReceipts(ctx: ExtensionContext, { room }: MatchedRoom): Promise<readonly ReceiptRow[]> {
  const { parts, reads } = ctx.window;
  const { after, upTo } = stretch(ctx.window, room.row.shard);
  const from = ctx.draft.before.get(room.nid)?.behind ?? after;
  const own = ctx.privateReceipts.get(room.nid) ?? [];
  if (from === after && !ctx.busy.has(room.nid)) return own;
  return [...(await reads.receipts(parts.db, { roomNid: room.nid, after: from, upTo })), ...own];
}

/** Of rooms that are out of the lists' ranges now: what is in the user's log is told at once. */
async function privateElsewhere(
  { window, matched, privateReceipts }: ExtensionContext,
  told: Scope,
): Promise<[RoomId, readonly ReceiptRow[]][]> {
  if (privateReceipts.size === 0) return [];
  const asked = new Set(matched.map(({ room }) => room.nid));
  const elsewhere = [...privateReceipts].filter(([nid]) => told.has(nid) && !asked.has(nid));
  const { db, rooms } = window.parts;
  const places = await rooms.byNids(
    db,
    elsewhere.map(([nid]) => nid),
  );
  return elsewhere.flatMap(([nid, rows]): [RoomId, readonly ReceiptRow[]][] => {
    const place = places.get(nid);
    return place === undefined ? [] : [[place.roomId, rows]];
  });
}

async function shownReceipts(ctx: ExtensionContext, { room }: MatchedRoom): Promise<readonly ReceiptRow[]> {
  const { parts, view } = ctx.window;
  const shown = ctx.results.get(room.nid)?.timeline.events ?? [];
  const own = await receiptsOfUser(parts.db, room.nid, view.userNid);
  const [first] = shown;
  if (first?.stored.pos === undefined) return own;
  const ids = shown.map(({ stored }) => stored.event.id);
  const others = await receiptsAtEvents(parts.db, room.nid, ids, first.stored.pos);
  return [...own, ...others.filter(row => row.user_nid !== view.userNid)];
}
