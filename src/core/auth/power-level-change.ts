import type { Event } from '../event.ts';
import { isUserId } from '../ids.ts';
import { getObject, getOwn, isObject, type Json, type JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions.ts';
import { levelOf, userLevel } from './power-levels.ts';
import { ALLOW, type AuthVerdict, reject, type StateLookup } from './verdict.ts';

const NAMED = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];

/** The rule about m.room.power_levels: 10 in versions 1 to 5 and 12, 9 in between. Numbers are those of version 12. */
export function checkPowerLevels(event: Event, state: StateLookup): AuthVerdict {
  const form = malformedLevels(event.content, event.version) ?? checkCreators(event, state);
  if (form !== undefined) return form;
  const current = state('m.room.power_levels', '');
  // 10.5
  if (current === undefined) return ALLOW;
  return checkChanges(event, current, userLevel(state, event.sender));
}

/** 10.1 to 10.3: what is wrong with the levels of any sender; undefined where nothing is. */
export function malformedLevels(content: JsonObject, version: RoomVersion): AuthVerdict | undefined {
  if (version.integerPowerLevels) {
    // 10.1
    for (const key of NAMED) {
      const value = getOwn(content, key);
      if (value !== undefined && !Number.isSafeInteger(value)) return reject('levels.form', `${key} is not an integer`);
    }
    // 10.2
    for (const key of ['events', 'notifications']) {
      const value = getOwn(content, key);
      if (value !== undefined && !isLevelMap(value, version)) return reject('levels.form', `${key} holds no levels`);
    }
  } else {
    // Not a rule of those versions in so many words, but what is no object cannot be compared below.
    for (const key of ['events', 'notifications']) {
      const value = getOwn(content, key);
      if (value !== undefined && !isObject(value)) return reject('levels.form', `${key} is not an object`);
    }
  }
  // 10.3
  const users = getOwn(content, 'users') ?? {};
  if (content.users === null || !isObject(users)) return reject('levels.users', 'users is not an object');
  if (!Object.keys(users).every(isUserId)) return reject('levels.users', 'users lists something that is no user ID');
  if (!isLevelMap(users, version)) return reject('levels.users', 'users holds something that is no level');
  return undefined;
}

function isLevelMap(value: Json, version: RoomVersion): boolean {
  return isObject(value) && Object.keys(value).every(key => !Number.isNaN(levelOf(value[key], version)));
}

/** 10.4: whose power is infinite cannot be given another. */
function checkCreators(event: Event, state: StateLookup): AuthVerdict | undefined {
  const create = state('m.room.create', '');
  if (create === undefined || !event.version.creatorsHaveInfinitePower) return undefined;
  const users = getObject(event.content, 'users') ?? {};
  if (Object.hasOwn(users, create.sender)) return reject('levels.creator', 'users lists a creator of the room');
  const others = getOwn(create.content, 'additional_creators');
  const listed = Array.isArray(others) && others.some(user => typeof user === 'string' && Object.hasOwn(users, user));
  return listed ? reject('levels.creator', 'users lists a creator of the room') : undefined;
}

/** 10.6 to 10.10 */
function checkChanges(event: Event, current: Event, level: number): AuthVerdict {
  // 10.6
  for (const key of NAMED) {
    const verdict = checkChange(key, getOwn(current.content, key), getOwn(event.content, key), event, level);
    if (verdict !== undefined) return verdict;
  }
  // 10.7 and 10.8
  const maps = event.version.guardNotificationLevels ? ['events', 'notifications'] : ['events'];
  for (const map of maps) {
    const verdict = checkMap(getObject(current.content, map) ?? {}, getObject(event.content, map) ?? {}, event, level);
    if (verdict !== undefined) return verdict;
  }
  // 10.9 and 10.10
  return checkUsers(getObject(current.content, 'users') ?? {}, getObject(event.content, 'users') ?? {}, event, level);
}

function checkMap(before: JsonObject, after: JsonObject, event: Event, level: number): AuthVerdict | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const verdict = checkChange(key, getOwn(before, key), getOwn(after, key), event, level);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function checkUsers(before: JsonObject, after: JsonObject, event: Event, level: number): AuthVerdict {
  for (const user of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = getOwn(before, user);
    const verdict = checkChange(user, old, getOwn(after, user), event, level);
    if (verdict !== undefined) return verdict;
    // 10.9: nobody touches a peer.
    const changed = levelChanged(old, getOwn(after, user), event);
    if (changed && user !== event.sender && old !== undefined && levelOf(old, event.version) === level) {
      return reject('levels.peer', `sender may not change the level of ${user}, which is its own`);
    }
  }
  return ALLOW;
}

/** Neither the level that was nor the one that shall be may be above the sender's. */
function checkChange(
  name: string,
  before: Json | undefined,
  after: Json | undefined,
  event: Event,
  level: number,
): AuthVerdict | undefined {
  if (!levelChanged(before, after, event)) return undefined;
  for (const value of [before, after]) {
    if (value === undefined || levelOf(value, event.version) <= level) continue;
    return reject('levels.change', `sender may not change ${name} from or to a level above its own`);
  }
  return undefined;
}

/** "50" and 50 are the same level. Values that are no levels always count as changed, so that they are refused. */
function levelChanged(before: Json | undefined, after: Json | undefined, event: Event): boolean {
  if (before === undefined && after === undefined) return false;
  if (before === undefined || after === undefined) return true;
  return levelOf(before, event.version) !== levelOf(after, event.version);
}
