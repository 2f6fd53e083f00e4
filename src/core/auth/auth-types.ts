import { getObject, getString, type JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions.ts';

/** What the choice of auth events looks at; an `Event` is one, and so is an event still being made. */
export interface AuthSubject {
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: string;
  readonly content: JsonObject;
}

/**
 * The state keys an event's auth events are taken from (server-server API, "Auth events selection"). The same keys
 * are all that the rules ever look at. Each key comes once.
 */
export function authTypesFor(event: AuthSubject, version: RoomVersion): [type: string, stateKey: string][] {
  if (event.type === 'm.room.create') return [];
  const types: [string, string][] = [];
  // From version 12 on the room ID implies the create event.
  if (!version.roomIdIsCreateHash) types.push(['m.room.create', '']);
  types.push(['m.room.power_levels', ''], ['m.room.member', event.sender]);
  if (event.type === 'm.room.member') addMemberTypes(event, version, types);
  return types;
}

function addMemberTypes(event: AuthSubject, version: RoomVersion, types: [string, string][]): void {
  const membership = getString(event.content, 'membership');
  if (event.stateKey !== undefined) addMember(types, event.stateKey);
  if (membership === 'join' || membership === 'invite' || membership === 'knock') types.push(['m.room.join_rules', '']);
  if (membership === 'invite') {
    const token = thirdPartyToken(event.content);
    if (token !== undefined) types.push(['m.room.third_party_invite', token]);
  }
  if (membership === 'join' && version.restrictedJoins) {
    const authoriser = getString(event.content, 'join_authorised_via_users_server');
    if (authoriser !== undefined) addMember(types, authoriser);
  }
}

function addMember(types: [string, string][], user: string): void {
  if (!types.some(([type, key]) => type === 'm.room.member' && key === user)) types.push(['m.room.member', user]);
}

/** `content.third_party_invite.signed.token`, when it is there and a string. */
export function thirdPartyToken(content: JsonObject): string | undefined {
  const signed = getObject(getObject(content, 'third_party_invite') ?? {}, 'signed');
  return signed === undefined ? undefined : getString(signed, 'token');
}
