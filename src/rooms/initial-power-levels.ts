import { getObject, getOwn, isObject, type JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { RoomVersion } from '../core/room-versions.ts';
import type { RoomPlan } from './room-plan.ts';
import { tombstoneLevel } from './tombstone-level.ts';

/** Power levels of a new room: the usual defaults, the preset's, then what the client overrides key by key. */
export function initialPowerLevels(version: RoomVersion, plan: RoomPlan): JsonObject {
  const creators = version.creatorsHaveInfinitePower;
  const users: JsonObject = creators ? {} : { [plan.creator]: 100 };
  if (!creators && plan.preset === 'trusted_private_chat') {
    for (const { userId } of plan.invite) users[userId] = 100;
  }
  const defaults: JsonObject = {
    users,
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    // Into an open room everybody comes by themselves: an invite is then mostly somebody's advertisement.
    invite: plan.preset === 'public_chat' ? 50 : 0,
    historical: 100,
  };
  const levels = { ...defaults, ...checkedOverride(plan, creators) };
  return creators ? withTombstone(levels, plan.powerLevelOverride) : levels;
}

/** Only creators may replace a room where there are such, unless the client says otherwise itself. */
function withTombstone(levels: JsonObject, override: JsonObject): JsonObject {
  const type = 'm.room.tombstone';
  const [events, own] = [getOwn(levels, 'events'), getObject(override, 'events') ?? {}];
  if (!isObject(events) || Object.hasOwn(own, type)) return levels;
  return { ...levels, events: { ...events, [type]: tombstoneLevel(levels) } };
}

function checkedOverride(plan: RoomPlan, creators: boolean): JsonObject {
  const override = plan.powerLevelOverride;
  const users = getObject(override, 'users');
  if (override.users !== undefined && !isObject(override.users))
    throw invalidParam('power_level_content_override.users must be an object.');
  if (creators && users !== undefined && Object.hasOwn(users, plan.creator)) {
    throw invalidParam('From room version 12 on the creator has no power level: it is above them all.');
  }
  return override;
}
