/**
 * Everything that differs between room versions, as named facts. No other file compares a version string; a new
 * version is a new row. Source: https://spec.matrix.org/latest/rooms/ and the page of each version.
 */
export interface RoomVersion {
  /** As in `room_version` of the create event. */
  readonly id: string;
  /** `chosen`: the sending server picks `$opaque:domain` (v1 "Event IDs"). Otherwise `$` and reference hash, in standard (v3) or URL-safe (v4) base64. */
  readonly eventIds: 'chosen' | 'base64' | 'base64url';
  /** prev_events and auth_events are [id, hashes] pairs instead of ids (v1 "Event format"; plain ids from v3). */
  readonly referencesArePairs: boolean;
  /** Events must be canonical JSON on the wire (v6 "Canonical JSON"). */
  readonly strictJson: boolean;
  /** The 255 limits count bytes when deciding whether an event may exist at all; before, only code points did and bytes lead to rejection (v11; Synapse's `_check_size_limits`). */
  readonly strictByteLimits: boolean;
  /** Keys must have been valid at `origin_server_ts` (v5 "Signing key validity period"). */
  readonly enforceKeyValidity: boolean;
  /** v1, v2 (from version 2 on), v2.1 (v12 "State resolution", MSC4297). */
  readonly stateResolution: 'v1' | 'v2' | 'v2.1';
  /** The room ID is the create event's ID with another sigil, and create is never an auth event (v12, MSC4291). */
  readonly roomIdIsCreateHash: boolean;
  /** Creators outrank every power level and may not be listed; `additional_creators` (v12, MSC4289). */
  readonly creatorsHaveInfinitePower: boolean;
  /** The creator is the create event's sender, not `content.creator` (v11, MSC3820). */
  readonly creatorIsSender: boolean;
  /** m.room.aliases has an auth rule of its own (v1 rule 4; removed in v6). */
  readonly aliasesRule: boolean;
  /** The redact level is part of the auth rules (v1 rule 11; removed in v3). */
  readonly redactionRule: boolean;
  /** Join rule and membership `knock` (v7, MSC2403). */
  readonly knocking: boolean;
  /** Join rule `restricted` (v8, MSC3083). */
  readonly restrictedJoins: boolean;
  /** Join rule `knock_restricted` (v10, MSC3787). */
  readonly knockRestricted: boolean;
  /** `notifications` in power levels is guarded like `events` (v6, MSC2209). */
  readonly guardNotificationLevels: boolean;
  /** Power levels must be integers, not strings (v10, MSC3667). */
  readonly integerPowerLevels: boolean;
  /** `redacts` stands in `content` (v11, MSC2174). */
  readonly redactsInContent: boolean;
  /** What redaction keeps: see `redaction` below. */
  readonly redaction: RedactionRules;
  /** Stable or not, as told in the capabilities. */
  readonly stable: boolean;
}

/** Keys kept by redaction, as they changed over time (https://spec.matrix.org/latest/client-server-api/#redactions). */
export interface RedactionRules {
  /** `origin`, `membership` and `prev_state` at the top level survive (until v10). */
  readonly keepObsoleteTopLevel: boolean;
  /** m.room.aliases keeps `aliases` (until v5). */
  readonly keepAliases: boolean;
  /** m.room.join_rules keeps `allow` (v8). */
  readonly keepAllow: boolean;
  /** m.room.member keeps `join_authorised_via_users_server` (v9). */
  readonly keepAuthorisingUser: boolean;
  /** Create keeps all, redaction keeps `redacts`, power levels keep `invite`, member keeps `third_party_invite.signed` (v11). */
  readonly updated: boolean;
}

const V1: RoomVersion = {
  id: '1',
  eventIds: 'chosen',
  referencesArePairs: true,
  strictJson: false,
  strictByteLimits: false,
  enforceKeyValidity: false,
  stateResolution: 'v1',
  roomIdIsCreateHash: false,
  creatorsHaveInfinitePower: false,
  creatorIsSender: false,
  aliasesRule: true,
  redactionRule: true,
  knocking: false,
  restrictedJoins: false,
  knockRestricted: false,
  guardNotificationLevels: false,
  integerPowerLevels: false,
  redactsInContent: false,
  redaction: {
    keepObsoleteTopLevel: true,
    keepAliases: true,
    keepAllow: false,
    keepAuthorisingUser: false,
    updated: false,
  },
  stable: true,
};
const V2: RoomVersion = { ...V1, id: '2', stateResolution: 'v2' };
const V3: RoomVersion = { ...V2, id: '3', eventIds: 'base64', referencesArePairs: false, redactionRule: false };
const V4: RoomVersion = { ...V3, id: '4', eventIds: 'base64url' };
const V5: RoomVersion = { ...V4, id: '5', enforceKeyValidity: true };
const V6: RoomVersion = {
  ...V5,
  id: '6',
  strictJson: true,
  aliasesRule: false,
  guardNotificationLevels: true,
  redaction: { ...V5.redaction, keepAliases: false },
};
const V7: RoomVersion = { ...V6, id: '7', knocking: true };
const V8: RoomVersion = { ...V7, id: '8', restrictedJoins: true, redaction: { ...V7.redaction, keepAllow: true } };
const V9: RoomVersion = { ...V8, id: '9', redaction: { ...V8.redaction, keepAuthorisingUser: true } };
const V10: RoomVersion = { ...V9, id: '10', knockRestricted: true, integerPowerLevels: true };
const V11: RoomVersion = {
  ...V10,
  id: '11',
  strictByteLimits: true,
  creatorIsSender: true,
  redactsInContent: true,
  redaction: { ...V10.redaction, keepObsoleteTopLevel: false, updated: true },
};
const V12: RoomVersion = {
  ...V11,
  id: '12',
  stateResolution: 'v2.1',
  roomIdIsCreateHash: true,
  creatorsHaveInfinitePower: true,
};

/** Every room version this server can take part in, oldest first. */
export const knownRoomVersions: readonly RoomVersion[] = [V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12];

const byId: ReadonlyMap<string, RoomVersion> = new Map(knownRoomVersions.map(version => [version.id, version]));

/** What a create event without `room_version` means (client-server API, m.room.create). */
export const implicitRoomVersion: RoomVersion = V1;

/** What rooms are created with unless asked otherwise (https://spec.matrix.org/latest/rooms/ names it). */
export const defaultRoomVersion: RoomVersion = V12;

/** The facts of one version, or undefined when it is not known here. */
export function roomVersion(id: string): RoomVersion | undefined {
  return byId.get(id);
}
