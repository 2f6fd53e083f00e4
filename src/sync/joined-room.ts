import type { UserId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { clientEvents } from '../rooms/client-event.ts';
import type { EventFilter } from '../rooms/event-filter.ts';
import { formatRoomToken } from '../rooms/log-token.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import { page } from '../rooms/timeline.ts';
import type { SeenEvent } from '../rooms/visibility.ts';
import { heroMembers } from './hero-members.ts';
import { passing, type Roots, type StateDelta, stateDelta } from './state-delta.ts';
import { roomSummary } from './summary.ts';
import { DEFAULT_NEWS, DEFAULT_TIMELINE, MOST_TIMELINE } from './sync-filter.ts';
import { isStateAfter, type LogWindow, type SyncWindow } from './window.ts';

export interface RoomTimeline {
  readonly events: readonly SeenEvent[];
  readonly limited: boolean;
  /** The place before the first of them. */
  readonly start: number;
}

/** Which part of a room's timeline is asked for; `after` undefined: from as far back as the limit reaches. */
export interface TimelineRange {
  readonly after: number | undefined;
  readonly upTo: number;
  readonly limit: number;
  readonly filter: EventFilter;
}

/** The stretch of a room's timeline that a sync shows. */
export async function roomTimeline(window: LogWindow, room: Room, range: TimelineRange): Promise<RoomTimeline> {
  const { after, upTo, limit, filter } = range;
  const { db } = window.parts;
  const { events, isWhole } = await page(window.parts, db, room, window.view, {
    direction: 'b',
    from: upTo,
    to: after,
    limit: limit + 1,
    filter,
    endsAtGap: true,
    ...(after === undefined ? {} : { readBackward: window.reads.timeline }),
  });
  const limited = !isWhole || events.length > limit;
  const shown = events.slice(0, limit).reverse();
  const first = shown[0]?.stored.pos;
  return { events: shown, limited, start: first === undefined ? (limited ? upTo : (after ?? upTo)) : first - 1 };
}

function timelineRange({ filter }: SyncWindow, after: number | undefined, upTo: number): TimelineRange {
  const fallback = after === undefined ? DEFAULT_TIMELINE : DEFAULT_NEWS;
  const limit = Math.min(filter.timeline.limit ?? fallback, MOST_TIMELINE);
  return { after, upTo, limit, filter: filter.timeline };
}

/** How a room in the sync relates to what the client has of it. */
export interface RoomChange {
  readonly room: Room;
  /** The client has none of this room's state: joined since, initial sync, or `full_state`. */
  readonly isNew: boolean;
  /** The client loads members lazily, and those who were there before our join became known. */
  readonly becameWhole?: boolean;
  readonly after: number;
  readonly upTo: number;
}

export interface RoomBlock {
  readonly json: JsonObject;
  /** Membership events that the client learns of, for its device lists. */
  readonly members: readonly StoredEvent[];
  /** State that is too much for `json`, which has an empty list in its place. */
  readonly late?: AsyncIterable<JsonObject>;
}

/** State and timeline of a room, the part that joined and left rooms have in common. */
export async function roomEvents(window: SyncWindow, change: RoomChange, isJoined: boolean): Promise<RoomBlock> {
  const { parts, view, since } = window;
  const { room } = change;
  const place = { roomNid: room.nid, after: change.after, upTo: change.upTo };
  const db = parts.db;
  // A room that the client does not have is shown from its end; with full_state the timeline goes on where it was.
  const after = change.isNew && (since === undefined || !window.fullState) ? undefined : change.after;
  const timeline = await roomTimeline(window, room, timelineRange(window, after, change.upTo));
  const limited = timeline.limited || (change.isNew && since !== undefined && !window.fullState);
  const from = change.isNew ? 0 : await window.reads.rootAt(db, place, 'after');
  const last = timeline.events.at(-1)?.stored;
  const end = last?.pos === change.upTo ? last.roomRoot : await window.reads.rootAt(db, place, 'upTo');
  const start = timeline.events[0]?.stored.stateBefore ?? end;
  const becameWhole = change.becameWhole === true;
  // A client that has some of the room already is told whose devices to look at besides, by all members.
  const mayBeLate = isJoined && window.late !== undefined && change.isNew && (since === undefined || !window.fullState);
  const how = { isNew: change.isNew, mayBeLate };
  const delta = await stateDelta(window, room, { from, start, end, becameWhole }, timeline.events, how);
  const json: JsonObject = {
    timeline: {
      events: await clientEvents(parts, db, room, view, timeline.events, window.filter.format),
      limited,
      prev_batch: formatRoomToken(timeline.start),
    },
  };
  const state = [...delta.events];
  if (isJoined && (change.isNew || becameWhole || delta.membersChanged)) {
    const summary = await roomSummary(window, room, end);
    json.summary = summary.json;
    state.push(...(await membersToName(window, room, { start, end }, summary.heroes, { delta, timeline })));
  }
  json[window.stateName] = { events: await stateEvents(window, room, state) };
  const { members, late } = delta;
  return late === undefined ? { json, members } : { json, members, late: written(window, room, late) };
}

/** Who loads members lazily is sent those after whom the room is called. */
async function membersToName(
  window: SyncWindow,
  room: Room,
  { start, end }: Pick<Roots, 'start' | 'end'>,
  heroes: readonly UserId[],
  { delta, timeline }: { readonly delta: StateDelta; readonly timeline: RoomTimeline },
): Promise<readonly StoredEvent[]> {
  if (!window.filter.state.lazyLoadMembers || heroes.length === 0) return [];
  // Of one who is given the state at the end the timeline changes nothing.
  const isAfter = isStateAfter(window);
  const shown = isAfter ? delta.events : [...delta.events, ...timeline.events.map(({ stored }) => stored)];
  return passing(window, room, await heroMembers(window, room, isAfter ? end : start, heroes, shown));
}

async function stateEvents(window: SyncWindow, room: Room, events: readonly StoredEvent[]): Promise<JsonObject[]> {
  const { parts, view } = window;
  const state = events.map(stored => ({ stored, membership: 'join' as const }));
  const format = { ...window.filter.format, withoutBundle: true, withoutPrevious: true, ownPrevious: true };
  return (await clientEvents(parts, parts.db, room, view, state, format)).map(withoutMembership);
}

async function* written(
  window: SyncWindow,
  room: Room,
  batches: AsyncIterable<readonly StoredEvent[]>,
): AsyncGenerator<JsonObject, void> {
  for await (const batch of batches) yield* await stateEvents(window, room, batch);
}

/** `unsigned.membership` belongs to timeline events. */
function withoutMembership(event: JsonObject): JsonObject {
  if (event.unsigned === undefined) return event;
  const { membership: _membership, ...unsigned } = event.unsigned as JsonObject;
  return { ...event, unsigned };
}

/** Whether a block says anything. */
export function isEmptyBlock(json: JsonObject): boolean {
  return Object.values(json).every((section: Json | undefined) => {
    const events = (section as JsonObject | undefined)?.events;
    return events === undefined || (Array.isArray(events) && events.length === 0);
  });
}
