import { incompleteAmong } from '../../rooms/incomplete-rooms.table.ts';
import type { ReceiptRow } from '../../rooms/receipts.table.ts';
import type { Room } from '../../rooms/room.ts';
import { wasJoined } from '../rooms-section.ts';
import type { SentMembers } from '../sent-members.ts';
import { type LogWindow, stretch } from '../window.ts';
import type { BumpStamps } from './bump-stamps.ts';
import { type ConnectionDraft, type KnownRoom, type RoomConfig, TOLD_DIRECT } from './connection-state.ts';
import type { FilterFacts } from './list-filter.ts';
import type { MatchedRoom } from './matching.ts';
import { added, type RequiredState, wantsAllMembers } from './required-state.ts';

/** What one answer is made with. */
export interface SlidingContext {
  readonly window: LogWindow;
  readonly draft: ConnectionDraft;
  /** A name of the connection that no other has. */
  readonly connection: string;
  readonly members: SentMembers;
  readonly bumps: BumpStamps;
  readonly facts: FilterFacts;
  /** The rooms that the user takes for direct chats. */
  readonly direct: ReadonlySet<string>;
  readonly growth: ConfigGrowth;
  /** The rooms of the user with entries in the stretch. */
  readonly busy: ReadonlySet<number>;
  /** The user's private receipts that moved, by room. */
  readonly privateReceipts: ReadonlyMap<number, readonly ReceiptRow[]>;
}

/** A room of which there may be something to tell. */
export interface RoomWork extends MatchedRoom {
  readonly place: Room;
  /** Undefined: the client has none of it. */
  readonly known: KnownRoom | undefined;
  /** What the client has, and what it will have, in the room's log. */
  readonly from: number;
  readonly upTo: number;
  /** The client has nothing of the room that it could go on with. */
  readonly isInitial: boolean;
  /** More of the timeline is wanted than the client was given before. */
  readonly expands: boolean;
  /** The state that is wanted now and was not before. */
  readonly added: RequiredState;
  /** Something was written about the room that the client was not told. */
  readonly hasNews: boolean;
  readonly isDirect: boolean;
  /** How many events the answer may have of it, about. */
  readonly cost: number;
}

/** What there is of a room's state besides its members and what a timeline shows, in events. */
const OTHER_STATE = 15;

const NO_STATE: RequiredState = { patterns: [], lazyMembers: false };

/** What configs want more than others, found out once for all rooms that have the same. */
export class ConfigGrowth {
  readonly #known = new Map<RoomConfig, Map<RoomConfig, RequiredState>>();
  #last: readonly [now: RoomConfig, before: RoomConfig, growth: RequiredState] | undefined;

  state(now: RoomConfig, before: RoomConfig): RequiredState {
    if (this.#last?.[0] !== now || this.#last[1] !== before) this.#last = [now, before, this.#state(now, before)];
    return this.#last[2];
  }

  #state(now: RoomConfig, before: RoomConfig): RequiredState {
    const from = this.#known.get(before) ?? new Map<RoomConfig, RequiredState>();
    this.#known.set(before, from);
    const growth = from.get(now) ?? added(now.state, before.state);
    from.set(now, growth);
    return growth;
  }
}

/** Whether there can be nothing to do about a room: the rule, however many rooms a user has, so it waits for nothing. */
function isIdle(
  { window, draft, busy, direct, growth, privateReceipts }: SlidingContext,
  matched: MatchedRoom,
): boolean {
  const { room, config } = matched;
  const known = draft.get(room.nid);
  if (known === undefined || known.behind !== undefined || busy.has(room.nid)) return false;
  const isTurned = ((known.flags & TOLD_DIRECT) !== 0) !== direct.has(room.row.room_id);
  const grows =
    config.timelineLimit > known.config.timelineLimit || growth.state(config, known.config).patterns.length > 0;
  const isMoved = room.row.pos > (window.since?.shards[room.shard] ?? 0);
  return !isTurned && !grows && !isMoved && !privateReceipts.has(room.nid);
}

/** What there is to do about a room; undefined: nothing. `later`: it moved on, and the next answer tells. */
async function roomWork(ctx: SlidingContext, matched: MatchedRoom): Promise<RoomWork | 'later' | undefined> {
  const { window, draft, direct, growth } = ctx;
  const { room, config } = matched;
  const { row, membership, nid } = room;
  const { after, upTo } = stretch(window, row.shard);
  if (row.pos > upTo) return 'later';
  const known = draft.get(nid);
  const from = known?.behind ?? after;
  const isMoved = row.pos > from;
  const place = (await window.parts.rooms.byNids(window.parts.db, [nid])).get(nid);
  if (place === undefined) return undefined;
  const isPending = membership === 'invite' || membership === 'knock';
  // Of one who is pending nothing changes but the membership.
  if (isPending && known !== undefined && !isMoved) return undefined;
  const isInitial = known === undefined || (isMoved && (isPending || !(await wasJoined(window, place, from))));
  if (isInitial && (await isUntold(ctx, matched))) return undefined;
  const work = {
    ...matched,
    place,
    known,
    from,
    upTo,
    isInitial,
    expands: !isInitial && config.timelineLimit > known.config.timelineLimit,
    added: known === undefined ? NO_STATE : growth.state(config, known.config),
    hasNews: isMoved || known?.behind !== undefined || ctx.busy.has(nid),
    isDirect: direct.has(row.room_id),
  };
  return { ...work, cost: costOf(work) };
}

/** What there is to do about all rooms, and whether some of them moved on. */
export async function allWork(
  ctx: SlidingContext,
  matched: readonly MatchedRoom[],
): Promise<{ readonly works: readonly RoomWork[]; readonly isLater: boolean }> {
  const works: RoomWork[] = [];
  let isLater = false;
  for (const one of matched) {
    if (isIdle(ctx, one)) continue;
    const work = await roomWork(ctx, one);
    if (work === 'later') {
      isLater = true;
      ctx.draft.fallBehind(one.room.nid, stretch(ctx.window, one.room.row.shard).after);
    } else if (work !== undefined) works.push(work);
  }
  return { works, isLater };
}

/** Who does not load members lazily is told of a room once its members are known. */
async function isUntold({ window }: SlidingContext, { room, config }: MatchedRoom): Promise<boolean> {
  if (room.membership !== 'join' || !wantsAllMembers(config.state)) return false;
  return (await incompleteAmong(window.parts.db, [room.nid])).has(room.nid);
}

function costOf({ room, config, isInitial, expands, from, upTo }: Omit<RoomWork, 'cost'>): number {
  const timeline = isInitial || expands ? config.timelineLimit : Math.min(config.timelineLimit, upTo - from);
  const members = isInitial && wantsAllMembers(config.state) ? room.row.joined_count : 0;
  return 1 + timeline + (isInitial ? OTHER_STATE : 0) + members;
}
