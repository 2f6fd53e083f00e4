import { getString } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { withoutErased } from './erasure.ts';
import { getMember } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import {
  type Membership,
  membershipName,
  OUTLIER,
  REJECTED,
  type Room,
  SOFT_FAILED,
  type StoredEvent,
} from './room.ts';
import type { StateKeyPair } from './room-state.ts';
import { roomHead } from './rooms.table.ts';
import { membershipOf, type SeenEvent, type Viewer } from './seen-event.ts';
import { withoutVainRedactions } from './vain-redactions.ts';

export { membershipOf, type SeenEvent, type Viewer } from './seen-event.ts';

/** From the most open one on. */
export const VISIBILITIES = ['world_readable', 'shared', 'invited', 'joined'] as const;
export type HistoryVisibility = (typeof VISIBILITIES)[number];

/** What an `m.room.history_visibility` event says, or its absence. */
export function visibilityOf(stored: StoredEvent | undefined): HistoryVisibility {
  const text = stored === undefined ? undefined : getString(stored.event.content, 'history_visibility');
  return VISIBILITIES.find(known => known === text) ?? 'shared';
}

export const HISTORY: StateKeyPair = ['m.room.history_visibility', ''];

/**
 * Of some events of one room those that the viewer may see, in the order given (client-server API, "Room History
 * Visibility"), without redactions that take nothing away. The state before each event is asked for in one batch; events
 * with the same state share the answer.
 */
export async function visibleEvents(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  all: readonly StoredEvent[],
): Promise<SeenEvent[]> {
  const events = await withoutVainRedactions(parts, db, room, all);
  if (events.length === 0) return [];
  if (viewer.seesAll === true) {
    const accepted = events.filter(({ flags }) => (flags & (REJECTED | SOFT_FAILED | OUTLIER)) === 0);
    return accepted.map(stored => ({ stored, membership: undefined }));
  }
  const roots = [...new Set(events.map(stored => stored.stateBefore))];
  const own: StateKeyPair = ['m.room.member', viewer.userId];
  const nids = await parts.state.nidsAt(
    db,
    room,
    roots.flatMap(root => [
      { root, pair: HISTORY },
      { root, pair: own },
    ]),
  );
  const found = await parts.events.byNids(
    db,
    nids.filter(nid => nid !== undefined),
  );
  const at = (index: number) => found.get(nids[index] ?? -1);
  const places = new Map(roots.map((root, i) => [root, { history: at(2 * i), own: at(2 * i + 1) }]));
  // Where the viewer was joined at every event, when the last stay ended decides nothing.
  const wasJoined = events.every(stored => membershipOf(places.get(stored.stateBefore)?.own) === 'join');
  const { upTo } = wasJoined ? NEVER : await lastStay(parts, db, room, viewer);
  const visible = events.flatMap(stored => {
    const place = places.get(stored.stateBefore);
    const seen = judge(stored, viewer, visibilityOf(place?.history), membershipOf(place?.own), upTo);
    return seen === undefined ? [] : [{ stored, membership: seen }];
  });
  return withoutErased(parts, db, room, viewer, visible);
}

/** The viewer's membership at the event if they may see it. */
function judge(
  stored: StoredEvent,
  viewer: Viewer,
  visibilityBefore: HistoryVisibility,
  membershipBefore: Membership,
  joinedUntil: number,
): Membership | undefined {
  const { event } = stored;
  if ((stored.flags & (REJECTED | SOFT_FAILED)) !== 0) return undefined;
  // An invite into a room that we are not in has no place there, but the invited user sees it.
  const isOwnMembership = event.type === 'm.room.member' && event.stateKey === viewer.userId;
  if ((stored.flags & OUTLIER) !== 0 && !isOwnMembership) return undefined;
  if (event.stateKey === undefined && viewer.ignored?.has(event.sender)) return undefined;
  const memberships = [membershipBefore];
  const visibilities = [visibilityBefore];
  // A change of either counts with what is more open of before and after.
  if (isOwnMembership) memberships.push(membershipOf(stored));
  if (event.type === 'm.room.history_visibility' && event.stateKey === '') visibilities.push(visibilityOf(stored));
  const visibility = VISIBILITIES[Math.min(...visibilities.map(one => VISIBILITIES.indexOf(one)))] ?? 'joined';
  const sees =
    visibility === 'world_readable' ||
    memberships.includes('join') ||
    (visibility === 'shared' && (stored.pos ?? 0) < joinedUntil) ||
    (visibility === 'invited' && memberships.includes('invite')) ||
    // One always sees what was done to oneself: the invite, the kick, the ban.
    memberships.length > 1;
  return sees ? memberships.at(-1) : undefined;
}

/** How far back a chain of own membership events is followed. */
const LONGEST_CHAIN = 30;

/** The last time that somebody was joined to a room. */
export interface Stay {
  /** The position of its end: infinite for members, minus infinity for those who never were one. */
  readonly upTo: number;
  /** The event that ended it: leave, kick or ban. */
  readonly endedBy: StoredEvent | undefined;
}

const NEVER: Stay = { upTo: Number.NEGATIVE_INFINITY, endedBy: undefined };

/** What came after the end of the stay (an invite back, a ban of one who had left) does not count as part of it. */
export async function lastStay(parts: RoomsParts, db: Queryable, room: Room, viewer: Viewer): Promise<Stay> {
  const row = await getMember(db, room.nid, viewer.userNid);
  if (row === undefined) return NEVER;
  if (membershipName(row.membership) === 'join') return { upTo: Number.POSITIVE_INFINITY, endedBy: undefined };
  let current = await parts.events.byNid(db, row.event_nid);
  for (let step = 0; current?.replacesNid !== undefined && step < LONGEST_CHAIN; step++) {
    const before = await parts.events.byNid(db, current.replacesNid);
    if (membershipOf(before) === 'join') return { upTo: current.pos ?? row.pos, endedBy: current };
    current = before;
  }
  return NEVER;
}

/** The state that a reader of a room is shown: today's for members, that of their last day for those who left. */
export interface ReadableState {
  readonly root: number;
  /** Events up to this position; infinite for members. */
  readonly upTo: number;
  readonly membership: Membership | undefined;
}

/**
 * What of a room's state a user may read; undefined when nothing (never a member, and not world readable).
 * Client-server API, `GET /rooms/{roomId}/state`: those who left see the state at the time they left.
 */
export async function readableState(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
): Promise<ReadableState | undefined> {
  const head = await roomHead(db, room.nid);
  const row = await getMember(db, room.nid, viewer.userNid);
  const membership = row === undefined ? undefined : membershipName(row.membership);
  if (membership === 'join') return { root: head.state_root, upTo: Number.MAX_SAFE_INTEGER, membership };
  const history = await parts.state.events(db, room, head.state_root, [HISTORY]);
  if (visibilityOf(history[0]) === 'world_readable') {
    return { root: head.state_root, upTo: Number.MAX_SAFE_INTEGER, membership };
  }
  if (row === undefined || row.forgotten === 1) return undefined;
  const { upTo, endedBy } = await lastStay(parts, db, room, viewer);
  return endedBy === undefined ? undefined : { root: endedBy.stateAfter, upTo, membership };
}
