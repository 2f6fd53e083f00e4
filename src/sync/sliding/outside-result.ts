import type { JsonObject } from '../../core/json.ts';
import { getMember } from '../../rooms/members.table.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import { strippedState } from '../../rooms/stripped-state.ts';
import { lastStay } from '../../rooms/visibility.ts';
import { wasJoined } from '../rooms-section.ts';
import { flagsAfter, type RoomResult, roomResult, stateJson } from './room-result.ts';
import type { RoomWork, SlidingContext } from './room-work.ts';

const NO_TIMELINE = { events: [], limited: false, start: 0 };

/** A room that the user is asked into, or asks to be let into: what strangers are told of it. */
export async function pendingResult(ctx: SlidingContext, work: RoomWork): Promise<RoomResult | undefined> {
  const { parts } = ctx.window;
  const { room, place } = work;
  const member = await parts.events.byNid(parts.db, room.row.event_nid);
  if (member === undefined) return undefined;
  const events = await strippedState(parts, parts.db, place, member);
  remember(ctx, work);
  return {
    json: {
      initial: true,
      membership: room.membership,
      bump_stamp: room.row.event_nid,
      ...(work.isDirect && { is_dm: true }),
      // The one name is that of today's servers, the other that of the proposal.
      invite_state: events,
      stripped_state: events,
    },
    timeline: NO_TIMELINE,
  };
}

/** A room that the user is out of: up to the end of the stay, and never further, with what became of the membership. */
export async function leftResult(ctx: SlidingContext, work: RoomWork): Promise<RoomResult | undefined> {
  const { parts, view } = ctx.window;
  const { room, place, from } = work;
  const row = await getMember(parts.db, place.nid, view.userNid);
  const own = await parts.events.byNid(parts.db, room.row.event_nid);
  // In again: the list has not noticed yet.
  if (row?.event_nid !== room.row.event_nid || own === undefined) return undefined;
  // Who does not have the room is not told of one that was forgotten; the user's other clients hear that it was left.
  if (row.forgotten === 1 && work.known === undefined) return undefined;
  const { endedBy } = await lastStay(parts, parts.db, place, view);
  const end = endedBy?.pos;
  const isNew = work.known === undefined;
  const isMoved = isNew || room.row.pos > from;
  if (end === undefined || (end <= from && !isNew && isMoved)) {
    remember(ctx, work);
    return isMoved ? membershipResult(ctx, work, own) : undefined;
  }
  const isInitial = isNew || (end > from && !(await wasJoined(ctx.window, place, from)));
  const stay = { ...work, from: Math.min(from, end), upTo: end, isInitial };
  const result = await roomResult(ctx, stay);
  if (result === undefined) return isMoved ? membershipResult(ctx, work, own) : undefined;
  if (!isMoved) return result;
  const told = (result.json.required_state ?? []) as readonly JsonObject[];
  const others = told.filter(event => event.type !== 'm.room.member' || event.state_key !== view.userId);
  const required_state = [...others, ...(await stateJson(ctx, work, [own]))];
  return { ...result, json: { ...result.json, membership: room.membership, required_state } };
}

/** For one who was not in the room: what became of the own membership, and nothing else. */
async function membershipResult(ctx: SlidingContext, work: RoomWork, own: StoredEvent): Promise<RoomResult> {
  return {
    json: {
      ...(work.known === undefined && { initial: true }),
      membership: work.room.membership,
      bump_stamp: work.room.row.event_nid,
      required_state: await stateJson(ctx, work, [own]),
    },
    timeline: NO_TIMELINE,
  };
}

function remember({ draft }: SlidingContext, work: RoomWork): void {
  draft.set(work.place.nid, { config: work.config, flags: flagsAfter(work), behind: undefined });
}
