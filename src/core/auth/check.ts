import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import { domainOf, domainOfId } from '../ids.ts';
import { getOwn, getString } from '../json.ts';
import { checkCreate } from './create.ts';
import { checkMember, membershipOf } from './member.ts';
import { checkPowerLevels } from './power-level-change.ts';
import { namedLevel, requiredLevel, userLevel } from './power-levels.ts';
import { ALLOW, type AuthVerdict, reject, type StateLookup } from './verdict.ts';

export { type AuthVerdict, lookupOf, type StateLookup } from './verdict.ts';

/**
 * The authorisation rules that look at a room state (server-server API, "Authorisation rules", and the page of each
 * room version; the numbers are those of version 12). Never throws, whatever the content. The state must hold the
 * create event, in every version. Without `crypto` third-party invites are rejected.
 */
export function checkAuth(event: Event, state: StateLookup, crypto?: EventCrypto): AuthVerdict {
  // 1
  if (event.type === 'm.room.create') return checkCreate(event);
  // Every later rule needs to know who made the room.
  const create = state('m.room.create', '');
  if (create === undefined) return reject('create.missing', 'room state has no create event');
  // 4
  if (getOwn(create.content, 'm.federate') === false && domainOf(create.sender) !== domainOf(event.sender)) {
    return reject('federate', 'room is closed to users of other servers');
  }
  // 4 of versions 1 to 5
  if (event.type === 'm.room.aliases' && event.version.aliasesRule) return checkAliases(event);
  // 5
  if (event.type === 'm.room.member') return checkMember(event, state, crypto);
  // 6
  if (membershipOf(state, event.sender) !== 'join') return reject('sender.joined', 'sender is not in the room');
  const level = userLevel(state, event.sender);
  // 7
  if (event.type === 'm.room.third_party_invite') {
    if (level >= namedLevel(state, 'invite')) return ALLOW;
    return reject('third_party_invite.level', 'sender may not invite');
  }
  // 8
  if (!(level >= requiredLevel(state, event.type, event.stateKey !== undefined))) {
    return reject('level', `sender may not send ${event.type}`);
  }
  // 9
  if (event.stateKey?.startsWith('@') && event.stateKey !== event.sender) {
    return reject('state_key.user', 'state under a user ID belongs to that user');
  }
  // 10
  if (event.type === 'm.room.power_levels') return checkPowerLevels(event, state);
  // 11 of versions 1 and 2
  if (event.type === 'm.room.redaction' && event.version.redactionRule) return checkRedaction(event, state, level);
  // 11
  return ALLOW;
}

/** 4 of versions 1 to 5: aliases belong to the server they are of, whoever its user is. */
function checkAliases(event: Event): AuthVerdict {
  // 4.1
  if (event.stateKey === undefined) return reject('aliases.state_key', 'aliases event has no state_key');
  // 4.2
  if (event.stateKey !== domainOf(event.sender)) return reject('aliases.domain', "aliases are of another server's");
  // 4.3
  return ALLOW;
}

/** 11 of versions 1 and 2. */
function checkRedaction(event: Event, state: StateLookup, level: number): AuthVerdict {
  // 11.1
  if (level >= namedLevel(state, 'redact')) return ALLOW;
  // 11.2
  const redacted = getString(event.pdu, 'redacts');
  if (redacted !== undefined && domainOfId(redacted) === domainOfId(event.id)) return ALLOW;
  // 11.3
  return reject('redaction', "sender may not redact another server's event");
}
