import { sleep } from '../base/clock.ts';
import type { Queryable } from '../db/database.ts';
import { gapsOf } from './backward-extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteHistory } from './ports.ts';
import type { Room } from './room.ts';
import { type Page, type PageRequest, page } from './timeline.ts';
import type { Viewer } from './visibility.ts';

/** How often history is fetched for one page: ten times a hundred events, as a rule. */
const MOST_FILLS = 10;
/** No client waits longer for history than this. */
const LONGEST_MS = 20_000;
/** Reading forwards a gap is filled from its far end, which may be long ago: more is not done before it is passed over. */
const MOST_FILLS_FORWARD = 3;

/** A page of a room's timeline. Where it comes to a gap in our history, what is missing is fetched first. */
export async function pageAcrossGaps(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  request: PageRequest,
  history: RemoteHistory | undefined,
): Promise<Page> {
  if (history === undefined) return page(parts, db, room, viewer, request);
  const isBackward = request.direction === 'b';
  const until = parts.clock.monotonic() + LONGEST_MS;
  for (let fills = 0; ; fills++) {
    const gap = nextGap(await gapsOf(db, room.nid), request);
    if (gap === undefined) return page(parts, db, room, viewer, request);
    const upToGap = await page(parts, db, room, viewer, { ...request, to: gap - 1 });
    if (!upToGap.isWhole) return upToGap;
    const left = fills < (isBackward ? MOST_FILLS : MOST_FILLS_FORWARD) ? until - parts.clock.monotonic() : 0;
    const outcome = left > 0 ? await inTime(parts, history.fill(room, gap), left) : 'late';
    if (outcome === true) continue;
    // What comes below may come next time.
    if (isBackward && outcome === 'late') return { ...upToGap, next: gap - 1 };
    const beyond = await page(parts, db, room, viewer, request);
    const isEnd = isBackward && beyond.next === undefined;
    return isEnd ? { ...beyond, next: gap - 1 } : beyond;
  }
}

async function inTime({ clock }: RoomsParts, filling: Promise<boolean>, ms: number): Promise<boolean | 'late'> {
  const filled = new AbortController();
  const late = sleep(clock, ms, filled.signal).then(() => 'late' as const);
  return Promise.race([filling, late]).finally(() => filled.abort());
}

/** The first gap that a reader comes to before the end of the range. `gaps` from the newest on. */
function nextGap(gaps: readonly number[], { direction, from, to }: PageRequest): number | undefined {
  if (direction === 'f') return gaps.findLast(gap => gap > from && (to === undefined || gap <= to));
  return gaps.find(gap => gap <= from + 1 && (to === undefined || gap - 1 > to));
}
