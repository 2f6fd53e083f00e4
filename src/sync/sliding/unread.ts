import type { JsonObject } from '../../core/json.ts';
import { stretch } from '../window.ts';
import type { MatchedRoom } from './matching.ts';
import type { RoomResult } from './room-result.ts';
import type { SlidingContext } from './room-work.ts';

const NOTHING = { notify: 0, highlight: 0 };

/** Unread counts of the rooms that an answer tells of, and of those in which the user has read further. */
export async function addUnread(
  ctx: SlidingContext,
  stirred: readonly MatchedRoom[],
  results: ReadonlyMap<number, RoomResult>,
): Promise<ReadonlyMap<number, JsonObject>> {
  const { parts, sources, view } = ctx.window;
  const wanted = new Map<number, number>();
  for (const one of stirred) {
    const { nid, membership, row } = one.room;
    if (membership !== 'join') continue;
    const mayHaveRead = (ctx.busy.has(nid) || ctx.privateReceipts.has(nid)) && ctx.draft.before.has(nid);
    if (results.has(nid) || (mayHaveRead && (await hasReadOn(ctx, one))))
      wanted.set(nid, stretch(ctx.window, row.shard).upTo);
  }
  const found = new Map([...results].map(([nid, { json }]) => [nid, json]));
  if (wanted.size === 0) return found;
  const counts = await sources.unread(parts.db, view.userNid, wanted);
  for (const nid of wanted.keys()) {
    const { notify, highlight } = counts.get(nid) ?? NOTHING;
    found.set(nid, { ...found.get(nid), notification_count: notify, highlight_count: highlight });
  }
  return found;
}

async function hasReadOn({ window, privateReceipts }: SlidingContext, { room }: MatchedRoom): Promise<boolean> {
  if (privateReceipts.has(room.nid)) return true;
  const place = { roomNid: room.nid, ...stretch(window, room.row.shard) };
  const moved = await window.reads.receipts(window.parts.db, place);
  return moved.some(row => row.user_nid === window.view.userNid);
}
