import { isCreator, levelOf, namedLevel, userLevel } from '../core/auth/power-levels.ts';
import type { StateLookup } from '../core/auth/verdict.ts';
import type { Event } from '../core/event.ts';
import type { UserId } from '../core/ids.ts';
import { getObject, getOwn, type Json, type JsonObject } from '../core/json.ts';
import type { RoomVersion } from '../core/room-versions.ts';
import { tombstoneLevel } from './tombstone-level.ts';

const ADMINISTRATOR = 100;
const MODERATOR = 50;

/**
 * The power levels of a room in the words of another version, for the room that replaces it: numbers where they could
 * be strings, creators left out where they stand above all levels, and the upgrading user named where they would not
 * any more.
 */
export function carriedLevels(
  old: Event,
  create: Event | undefined,
  version: RoomVersion,
  creators: ReadonlySet<string>,
  upgrader: UserId,
): JsonObject {
  const content = numbersIn(old.content, old.version);
  const users = new Map(Object.entries(getObject(content, 'users') ?? {}));
  if (version.creatorsHaveInfinitePower) {
    for (const creator of creators) users.delete(creator);
    if (!old.version.creatorsHaveInfinitePower) closeTombstone(content);
  } else if (create?.version.creatorsHaveInfinitePower && isCreator(create, upgrader)) {
    users.set(upgrader, Math.max(ADMINISTRATOR, ...[...users.values(), ...required(content)].map(Number)));
  }
  return { ...content, users: Object.fromEntries(users) };
}

/** The levels that are needed for anything at all: who stood above them all is to reach them still. */
function required(content: JsonObject): Json[] {
  const named = [...LEVELS].flatMap(key => getOwn(content, key) ?? []);
  return [...named, ...Object.values(getObject(content, 'events') ?? {})];
}

/** Only creators replace a room where there are such, as in a new one. */
function closeTombstone(content: JsonObject): void {
  const events = getObject(content, 'events') ?? {};
  const before = getOwn(events, 'm.room.tombstone');
  const level = Math.max(tombstoneLevel(content), typeof before === 'number' ? before : 0);
  content.events = { ...events, 'm.room.tombstone': level };
}

const MAPS: ReadonlySet<string> = new Set(['users', 'events', 'notifications']);
const LEVELS: ReadonlySet<string> = new Set([
  'ban',
  'kick',
  'redact',
  'invite',
  'users_default',
  'events_default',
  'state_default',
]);

/** Every level as a number; what is no level in its own version is left out. */
function numbersIn(content: JsonObject, version: RoomVersion): JsonObject {
  const entries = Object.entries(content).flatMap(([key, value]): [string, Json][] => {
    if (LEVELS.has(key)) return level(key, value, version);
    if (!MAPS.has(key)) return [[key, value]];
    const inner = Object.entries(getObject(content, key) ?? {});
    return [[key, Object.fromEntries(inner.flatMap(([name, one]) => level(name, one, version)))]];
  });
  return Object.fromEntries(entries);
}

function level(key: string, value: Json, version: RoomVersion): [string, Json][] {
  const number = levelOf(value, version);
  return Number.isSafeInteger(number) ? [[key, number]] : [];
}

/**
 * The power levels that keep a replaced room quiet: only moderators speak and invite (client-server API, "Room
 * Upgrades", step 6). Undefined when the user could not set them or nothing would change.
 */
export function quietLevels(state: StateLookup, user: UserId): JsonObject | undefined {
  const content = state('m.room.power_levels', '')?.content;
  const quiet = Math.max(MODERATOR, namedLevel(state, 'users_default') + 1);
  const [speak, invite] = [namedLevel(state, 'events_default'), namedLevel(state, 'invite')];
  if (content === undefined || ![quiet, speak, invite].every(Number.isSafeInteger)) return undefined;
  if (!(userLevel(state, user) >= quiet)) return undefined;
  if (speak >= quiet && invite >= quiet) return undefined;
  return { ...content, events_default: Math.max(speak, quiet), invite: Math.max(invite, quiet) };
}
