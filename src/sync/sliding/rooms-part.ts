import type { Admission } from '../../base/admission.ts';
import type { RoomId } from '../../core/ids.ts';
import { type JsonObject, textLength } from '../../core/json.ts';
import { departuresSince } from '../../rooms/departures.table.ts';
import { EVENT_BYTES } from '../sync-cost.ts';
import { userLogMoved } from '../window.ts';
import type { MatchedRoom } from './matching.ts';
import { leftResult, pendingResult } from './outside-result.ts';
import { type RoomResult, roomResult } from './room-result.ts';
import { allWork, type RoomWork, type SlidingContext } from './room-work.ts';
import type { UserRoom } from './user-rooms.ts';

/** Events in the rooms of one answer, about: rooms beyond them come with the next, which is not waited for. */
const MOST_EVENTS = 3000;
/** The text of an event that counts as one: larger ones count as several. */
const EVENT_TEXT = 2048;
/** An answer with fewer is small. */
const FEW_EVENTS = 60;

export interface RoomsPart {
  /** By the room's number. */
  readonly results: ReadonlyMap<number, RoomResult>;
  /** The rooms in which there may be something to tell: all others are as the client has them. */
  readonly stirred: readonly MatchedRoom[];
  /** Not all that there is did fit. */
  readonly isCut: boolean;
}

/** The rooms of an answer. @throws BudgetFullError */
export async function roomsPart(
  ctx: SlidingContext,
  matched: readonly MatchedRoom[],
  { admission, signal }: { readonly admission: Admission | undefined; readonly signal: AbortSignal },
): Promise<RoomsPart> {
  const { works, isLater } = await allWork(ctx, matched);
  const sum = works.reduce((events, { cost }) => events + cost, 0);
  const largest = works.reduce((events, { cost }) => Math.max(events, cost), 0);
  const events = Math.max(Math.min(sum, MOST_EVENTS), largest);
  const kind = ctx.window.since === undefined ? 'initial_sync' : 'answer';
  using _permit = events > FEW_EVENTS ? await admission?.admit(kind, events * EVENT_BYTES, signal) : undefined;
  const results = new Map<number, RoomResult>();
  let left = MOST_EVENTS;
  let isCut = isLater;
  for (const work of works) {
    if (left < work.cost && left < MOST_EVENTS) {
      isCut = true;
      fallBehind(ctx, work);
      continue;
    }
    const result = await resultOf(ctx, work);
    if (result !== undefined) results.set(work.place.nid, result);
    left -= Math.max(work.cost, textLength(result?.json) / EVENT_TEXT);
  }
  return { results, stirred: works, isCut };
}

function fallBehind({ draft }: SlidingContext, { place, known, from, hasNews }: RoomWork): void {
  if (known !== undefined && hasNews) draft.fallBehind(place.nid, from);
}

function resultOf(ctx: SlidingContext, work: RoomWork): Promise<RoomResult | undefined> {
  switch (work.room.membership) {
    case 'join':
      return roomResult(ctx, work);
    case 'invite':
    case 'knock':
      return pendingResult(ctx, work);
    default:
      return leftResult(ctx, work);
  }
}

/** Rooms that the client knows and does not ask for now, in which something happened: it is told when it asks again. */
export function leaveBehind(
  { window, draft, busy }: SlidingContext,
  rooms: readonly UserRoom[],
  matched: readonly MatchedRoom[],
): void {
  const { since } = window;
  if (since === undefined) return;
  const moved = rooms.filter(({ nid, shard, row }) => busy.has(nid) || row.pos > (since.shards[shard] ?? 0));
  if (moved.length === 0) return;
  const asked = new Set(matched.map(({ room }) => room));
  for (const room of moved) if (!asked.has(room)) draft.fallBehind(room.nid, since.shards[room.shard] ?? 0);
}

/** Rooms that the user was taken out of and that were deleted then: their own logs tell of it no more. */
export async function goneRooms({ window }: SlidingContext): Promise<[RoomId, JsonObject][]> {
  const { parts, view, since } = window;
  if (since === undefined || !userLogMoved(window)) return [];
  const gone: [RoomId, JsonObject][] = [];
  for (const { room_id: roomId, event } of await departuresSince(parts.db, view.userNid, since.user)) {
    if ((await parts.rooms.find(parts.db, roomId)) !== undefined) continue;
    gone.push([roomId, { membership: 'leave', required_state: [JSON.parse(event) as JsonObject] }]);
  }
  return gone;
}
