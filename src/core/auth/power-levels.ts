import type { Event } from '../event.ts';
import { domainOf, domainOfId } from '../ids.ts';
import { getObject, getOwn, getString, type Json, type JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions.ts';
import type { StateLookup } from './verdict.ts';

/** Levels at the top of `content` and what they are when missing (server-server API, "Definitions"). */
const DEFAULT_LEVELS = {
  ban: 50,
  kick: 50,
  redact: 50,
  invite: 0,
  users_default: 0,
  events_default: 0,
  state_default: 50,
} as const;

export type NamedLevel = keyof typeof DEFAULT_LEVELS;

/**
 * A power level as its room version reads it; NaN when it is none. NaN is neither above nor below anything, so rules
 * must be phrased as "allowed if level >= required".
 *
 * From version 10 only integers count. Before, strings of an integer with spaces and sign do (v1, "m.room.power_levels
 * events accept values as strings"), floats are cut at the point, and booleans are 0 and 1, as Python's `int` has it
 * in the implementation all those rooms were made with.
 */
export function levelOf(value: Json | undefined, version: RoomVersion): number {
  if (version.integerPowerLevels) return Number.isSafeInteger(value) ? (value as number) : Number.NaN;
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && /^[ \t\n\v\f\r]*[+-]?[0-9]+[ \t\n\v\f\r]*$/.test(value)) return Number(value);
  return Number.NaN;
}

/** A named level under a power level event's content, or without one. NaN when the content holds nonsense there. */
export function namedLevel(state: StateLookup, name: NamedLevel): number {
  const levels = powerLevels(state);
  return levels === undefined ? DEFAULT_LEVELS[name] : levelIn(levels.content, name, levels.version);
}

/**
 * A user's power level in the given state. Infinity for creators from version 12 on; without a power level event
 * the creator has 100 and everyone else 0.
 */
export function userLevel(state: StateLookup, user: string): number {
  const create = state('m.room.create', '');
  if (create?.version.creatorsHaveInfinitePower && isCreator(create, user)) return Number.POSITIVE_INFINITY;
  const levels = powerLevels(state);
  if (levels !== undefined) return listedLevel(levels, user);
  return create !== undefined && creatorOf(create) === user ? 100 : 0;
}

/** The level that `user` has by a power level event alone, without regard to creators. */
export function listedLevel(levels: Event, user: string): number {
  const own = getOwn(getObject(levels.content, 'users') ?? {}, user);
  if (own !== undefined && own !== null) return levelOf(own, levels.version);
  return levelIn(levels.content, 'users_default', levels.version);
}

/** The required power level of an event type (server-server API, "Definitions"). */
export function requiredLevel(state: StateLookup, type: string, isState: boolean): number {
  const levels = powerLevels(state);
  const own = levels === undefined ? undefined : getOwn(getObject(levels.content, 'events') ?? {}, type);
  if (levels !== undefined && own !== undefined && own !== null) return levelOf(own, levels.version);
  return namedLevel(state, isState ? 'state_default' : 'events_default');
}

/** The level needed to notify a room by `key` such as `room`; 50 when nothing is said (m.room.power_levels). */
export function notificationLevel(state: StateLookup, key: string): number {
  const levels = powerLevels(state);
  const own = levels === undefined ? undefined : getOwn(getObject(levels.content, 'notifications') ?? {}, key);
  return levels === undefined || own === undefined || own === null ? 50 : levelOf(own, levels.version);
}

/**
 * Whether a redaction by `redaction.sender` takes effect on `target` in the given state: the state at the redaction
 * (v3, "Handling redactions"). Both must be of one room; a create event's redaction changes nothing it protects.
 */
export function redactionApplies(redaction: Event, target: Event, state: StateLookup): boolean {
  if (redaction.roomId !== target.roomId || redaction.id === target.id) return false;
  if (userLevel(state, redaction.sender) >= namedLevel(state, 'redact')) return true;
  // Event IDs have domains exactly where rule 11 of versions 1 and 2 compares those.
  if (redaction.version.redactionRule) return domainOfId(redaction.id) === domainOfId(target.id);
  return domainOf(redaction.sender) === domainOf(target.sender);
}

/** The one creator of versions before 12: `content.creator`, or the sender from version 11 on. */
export function creatorOf(create: Event): string | undefined {
  return create.version.creatorIsSender ? create.sender : getString(create.content, 'creator');
}

/** Whether `user` made the room: the create event's sender, or one of `additional_creators` where those exist. */
export function isCreator(create: Event, user: string): boolean {
  if (!create.version.creatorsHaveInfinitePower) return creatorOf(create) === user;
  const others = getOwn(create.content, 'additional_creators');
  return create.sender === user || (Array.isArray(others) && others.includes(user));
}

function powerLevels(state: StateLookup): Event | undefined {
  return state('m.room.power_levels', '');
}

function levelIn(content: JsonObject, name: NamedLevel, version: RoomVersion): number {
  const value = getOwn(content, name);
  return value === undefined || value === null ? DEFAULT_LEVELS[name] : levelOf(value, version);
}
