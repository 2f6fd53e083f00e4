import { getObject, getOwn, type Json, type JsonObject } from './json.ts';
import type { Pdu } from './pdu.ts';
import type { RedactionRules, RoomVersion } from './room-versions.ts';

const TOP_LEVEL = [
  'event_id',
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
];
const OBSOLETE_TOP_LEVEL = ['prev_state', 'origin', 'membership'];
const POWER_LEVEL_KEYS = [
  'ban',
  'events',
  'events_default',
  'kick',
  'redact',
  'state_default',
  'users',
  'users_default',
];

/**
 * The event stripped to what the protocol itself needs (client-server API, "Redactions", by room version).
 * `unsigned` goes too. The result shares the values it keeps with `pdu`.
 */
export function redact(pdu: Pdu, version: RoomVersion): Pdu {
  const kept: JsonObject = {};
  for (const key of TOP_LEVEL) keep(pdu, key, kept);
  if (version.redaction.keepObsoleteTopLevel) for (const key of OBSOLETE_TOP_LEVEL) keep(pdu, key, kept);
  kept.content = redactedContent(pdu.type, pdu.content, version.redaction);
  return kept as Pdu;
}

/** What redaction leaves of the `content` of an event of this type. */
export function redactedContent(type: string, content: JsonObject, rules: RedactionRules): JsonObject {
  if (type === 'm.room.create' && rules.updated) return content;
  const kept: JsonObject = {};
  for (const key of contentKeys(type, rules)) keep(content, key, kept);
  if (type === 'm.room.member' && rules.updated) keepSigned(content, kept);
  return kept;
}

function contentKeys(type: string, rules: RedactionRules): readonly string[] {
  switch (type) {
    case 'm.room.member':
      return rules.keepAuthorisingUser ? ['membership', 'join_authorised_via_users_server'] : ['membership'];
    case 'm.room.create':
      return ['creator'];
    case 'm.room.join_rules':
      return rules.keepAllow ? ['join_rule', 'allow'] : ['join_rule'];
    case 'm.room.power_levels':
      return rules.updated ? [...POWER_LEVEL_KEYS, 'invite'] : POWER_LEVEL_KEYS;
    case 'm.room.history_visibility':
      return ['history_visibility'];
    case 'm.room.aliases':
      return rules.keepAliases ? ['aliases'] : [];
    case 'm.room.redaction':
      return rules.updated ? ['redacts'] : [];
    default:
      return [];
  }
}

/** Of `third_party_invite` only `signed` stays. An object without it stays as an empty one, as Synapse hashes it. */
function keepSigned(content: JsonObject, kept: JsonObject): void {
  const invite = getObject(content, 'third_party_invite');
  if (invite === undefined) return;
  const signed = getOwn(invite, 'signed');
  kept.third_party_invite = signed === undefined ? {} : { signed };
}

function keep(from: { readonly [key: string]: Json }, key: string, to: JsonObject): void {
  if (Object.hasOwn(from, key)) to[key] = from[key]!;
}
