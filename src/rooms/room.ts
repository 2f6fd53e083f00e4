import type { Event } from '../core/event.ts';
import type { RoomId } from '../core/ids.ts';
import type { RoomVersion } from '../core/room-versions.ts';

/** What never changes about a room. */
export interface Room {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly shard: number;
}

/** Bits of `event.flags`. */
export const REJECTED = 1;
export const SOFT_FAILED = 2;
export const OUTLIER = 4;
export const REDACTED = 8;
/** This server sends the event to the others in the room: it is of one of its users, or came in through it. */
export const OWN = 16;
/** What comes before the event in the timeline is missing: a gap ends at it. */
export const AFTER_GAP = 32;
/** Nobody could tell the state before the event: it was judged by the room's state as it was here. */
export const GUESSED = 64;

/** An event as it lies in the database. */
export interface StoredEvent {
  readonly nid: number;
  readonly roomNid: number;
  /** Position in the shard's room log; undefined outside the timeline (outliers, rejected and soft-failed events). */
  readonly pos: number | undefined;
  readonly flags: number;
  /** Roots of the state tree before and after the event. */
  readonly stateBefore: number;
  readonly stateAfter: number;
  /** Root of the room's resolved state once the event was in. */
  readonly roomRoot: number;
  /** The state event that this one took the place of. */
  readonly replacesNid: number | undefined;
  readonly event: Event;
}

/** Membership as small numbers, ordered by nothing. */
export const MEMBERSHIPS = { invite: 1, join: 2, knock: 3, leave: 4, ban: 5 } as const;
export type Membership = keyof typeof MEMBERSHIPS;

const NAMES: readonly (Membership | undefined)[] = [undefined, 'invite', 'join', 'knock', 'leave', 'ban'];

export function membershipName(code: number): Membership {
  const name = NAMES[code];
  if (name === undefined) throw new Error(`membership ${code} does not exist`);
  return name;
}

export function isMembership(text: string | undefined): text is Membership {
  return text !== undefined && Object.hasOwn(MEMBERSHIPS, text);
}
