import { getString, type Json, type JsonObject } from '../../core/json.ts';
import { clientEvents } from '../../rooms/client-event.ts';
import { compileFilter } from '../../rooms/event-filter.ts';
import { formatRoomToken } from '../../rooms/log-token.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { unseen } from '../../rooms/sender-members.ts';
import { type RoomTimeline, roomTimeline } from '../joined-room.ts';
import { heroes } from '../summary.ts';
import { type RoomConfig, TOLD_DIRECT } from './connection-state.ts';
import { added } from './required-state.ts';
import { type StatePart, statePart } from './room-state-part.ts';
import type { RoomWork, SlidingContext } from './room-work.ts';

/** A room in an answer. */
export interface RoomResult {
  readonly json: JsonObject;
  /** What it begins with in the room's log, for receipts of what is shown; undefined: nothing is shown. */
  readonly timeline: RoomTimeline;
}

const ANY = compileFilter({});
const NO_TIMELINE: RoomTimeline = { events: [], limited: false, start: 0 };

/** A room that the user is in, or was in until `work.upTo`; undefined: there is nothing to tell. */
export async function roomResult(ctx: SlidingContext, work: RoomWork): Promise<RoomResult | undefined> {
  const { reads, parts } = ctx.window;
  const { place, from, upTo, isInitial, expands, config } = work;
  const after = isInitial || expands ? undefined : from;
  const limit = config.timelineLimit;
  const timeline =
    limit === 0 ? NO_TIMELINE : await roomTimeline(ctx.window, place, { after, upTo, limit, filter: ANY });
  const end = await reads.rootAt(parts.db, { roomNid: place.nid, after: from, upTo }, 'upTo');
  const state = await statePart(ctx, work, timeline, end);
  const isTurned = flagsAfter(work) !== (work.known?.flags ?? 0);
  remember(ctx, work, timeline, state);
  const shows = timeline.events.length > 0 || timeline.limited || state.events.length > 0;
  const { changed } = state;
  if (!isInitial && !expands && !shows && !isTurned && !changed.members && !changed.name && !changed.avatar)
    return undefined;
  const json: JsonObject = {
    ...(isInitial && { initial: true, membership: work.room.membership }),
    // The one name is that of today's servers, the other that of the proposal.
    ...(expands && { unstable_expanded_timeline: true, expanded_timeline: true }),
    ...((isInitial ? work.isDirect : isTurned) && { is_dm: work.isDirect }),
    ...(await describe(ctx, work, state, end)),
    ...(state.events.length > 0 && { required_state: await stateJson(ctx, work, state.events) }),
    ...(limit > 0 && (await timelineJson(ctx, work, timeline))),
    ...(await bumpStamp(ctx, work, timeline)),
  };
  return { json, timeline };
}

/** What the client has of the room once it has this. */
function remember({ draft }: SlidingContext, work: RoomWork, timeline: RoomTimeline, state: StatePart): void {
  const config = configAfter(work, timeline, state);
  draft.set(work.place.nid, { config, flags: flagsAfter(work), behind: undefined });
}

export function flagsAfter({ known, isDirect }: RoomWork): number {
  const others = (known?.flags ?? 0) & ~TOLD_DIRECT;
  return isDirect ? others | TOLD_DIRECT : others;
}

/**
 * A client that asks for less than before, and then for as much again, is not given again what it has: as long as
 * nothing was left out meanwhile, it counts as asking for as much all the time.
 */
function configAfter(work: RoomWork, timeline: RoomTimeline, { missed }: StatePart): RoomConfig {
  const { known, config, isInitial, expands } = work;
  if (known === undefined || isInitial) return config;
  const before = known.config;
  const keepsLimit = !expands && !(timeline.limited && config.timelineLimit < before.timelineLimit);
  const keepsState = !missed && added(config.state, before.state).patterns.length === 0;
  if (keepsLimit && keepsState) return before;
  return {
    timelineLimit: keepsLimit ? before.timelineLimit : config.timelineLimit,
    state: keepsState ? before.state : config.state,
  };
}

/** Name, picture, and for members who else is there, as far as they changed. */
async function describe(
  { window }: SlidingContext,
  { place, room, isInitial }: RoomWork,
  { changed }: StatePart,
  end: number,
): Promise<JsonObject> {
  const { parts, view } = window;
  if (!changed.name && !changed.avatar && !changed.members) return {};
  const events = await parts.state.events(parts.db, place, end, [
    ['m.room.name', ''],
    ['m.room.avatar', ''],
  ]);
  const said = (type: string, key: string): string | null => {
    const stored = events.find(({ event }) => event.type === type);
    return (stored && getString(stored.event.content, key)) || null;
  };
  const name = said('m.room.name', 'name');
  const isIn = room.membership === 'join';
  const head = isIn && changed.members ? await roomHead(parts.db, place.nid) : undefined;
  const isNamedByMembers = isIn && name === null && (changed.name || changed.members);
  return {
    ...(changed.name && present('name', name, isInitial)),
    ...(changed.avatar && present('avatar', said('m.room.avatar', 'url'), isInitial)),
    ...(head && { joined_count: head.joined_count, invited_count: head.invited_count }),
    ...(isNamedByMembers && { heroes: (await heroes(window, place, view.userNid)).map(heroJson) }),
  };
}

/** At the beginning what is not there is left out, later null says that it is gone. */
function present(key: string, value: Json, isInitial: boolean): JsonObject {
  return value === null && isInitial ? {} : { [key]: value };
}

function heroJson(hero: Awaited<ReturnType<typeof heroes>>[number]): JsonObject {
  return {
    user_id: hero.userId,
    ...(hero.displayName !== null && { displayname: hero.displayName }),
    ...(hero.avatarUrl !== null && { avatar_url: hero.avatarUrl }),
  };
}

export function stateJson(ctx: SlidingContext, work: RoomWork, events: readonly StoredEvent[]): Promise<JsonObject[]> {
  const { parts, view } = ctx.window;
  const format = { withoutRoomId: true, withoutBundle: true, withoutPrevious: true };
  return clientEvents(parts, parts.db, work.place, view, unseen(events), format);
}

async function timelineJson(ctx: SlidingContext, work: RoomWork, timeline: RoomTimeline): Promise<JsonObject> {
  const { parts, view, since } = ctx.window;
  const { place } = work;
  const events = await clientEvents(parts, parts.db, place, view, timeline.events, { withoutRoomId: true });
  const after = since?.shards[place.shard] ?? Number.MAX_SAFE_INTEGER;
  return {
    ...(events.length > 0 && { timeline: events }),
    limited: timeline.limited,
    prev_batch: formatRoomToken(timeline.start),
    // Those that came since the last answer, whatever else is shown with them.
    num_live: timeline.events.filter(({ stored }) => (stored.pos ?? 0) > after).length,
  };
}

/** Left out where it cannot have changed. */
async function bumpStamp(
  { bumps }: SlidingContext,
  { room, place, upTo, isInitial, config }: RoomWork,
  timeline: RoomTimeline,
): Promise<JsonObject> {
  if (room.membership !== 'join') return { bump_stamp: room.row.event_nid };
  const shown = bumps.among(timeline.events.map(({ stored }) => stored));
  if (shown !== undefined) return { bump_stamp: shown };
  const isUnseen = isInitial || timeline.limited || config.timelineLimit === 0;
  return isUnseen ? { bump_stamp: await bumps.at(place.nid, upTo) } : {};
}
