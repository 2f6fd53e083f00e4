import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import { getString } from '../json.ts';
import { creatorOf, namedLevel, userLevel } from './power-levels.ts';
import { checkThirdPartyInvite } from './third-party-invite.ts';
import { ALLOW, type AuthVerdict, reject, type StateLookup } from './verdict.ts';

/**
 * The rule about m.room.member: 5 in versions 1 to 5 and 12, 4 in between. The numbers below are those of version 12;
 * 5.2, the authorising server's signature, is checked with the other signatures (`requiredSigners`).
 */
export function checkMember(event: Event, state: StateLookup, crypto: EventCrypto | undefined): AuthVerdict {
  const membership = getString(event.content, 'membership');
  // 5.1
  if (event.stateKey === undefined) return reject('member.state_key', 'membership event has no state_key');
  if (membership === undefined) return reject('member.membership', 'membership is missing or not a string');
  switch (membership) {
    case 'join':
      return checkJoin(event, event.stateKey, state);
    case 'invite':
      return checkInvite(event, event.stateKey, state, crypto);
    case 'leave':
      return checkLeave(event, event.stateKey, state);
    case 'ban':
      return checkBan(event, event.stateKey, state);
    case 'knock':
      if (event.version.knocking) return checkKnock(event, event.stateKey, state);
      break;
  }
  // 5.8
  return reject('member.unknown', 'membership is not one of this room version');
}

/** The membership of `user`, or undefined when the state says nothing. */
export function membershipOf(state: StateLookup, user: string): string | undefined {
  const member = state('m.room.member', user);
  return member === undefined ? undefined : getString(member.content, 'membership');
}

/** `join_rule`, `invite` when the state says nothing (m.room.join_rules). */
export function joinRuleOf(state: StateLookup): string | undefined {
  const rules = state('m.room.join_rules', '');
  if (rules === undefined || !Object.hasOwn(rules.content, 'join_rule')) return 'invite';
  return getString(rules.content, 'join_rule');
}

/** 5.3 */
function checkJoin(event: Event, target: string, state: StateLookup): AuthVerdict {
  // 5.3.1: the creator's first join, right after the create event.
  const create = state('m.room.create', '');
  const isFirst = event.prevIds.length === 1 && create !== undefined && event.prevIds[0] === create.id;
  if (isFirst && creatorOf(create) === target) return ALLOW;
  // 5.3.2
  if (event.sender !== target) return reject('member.join.other', 'nobody joins in the name of another');
  // 5.3.3
  const current = membershipOf(state, target);
  if (current === 'ban') return reject('member.join.banned', 'user is banned');
  const rule = joinRuleOf(state);
  // 5.3.6: taken first, since it asks for nothing more.
  if (rule === 'public') return ALLOW;
  const known = current === 'join' || current === 'invite';
  // 5.3.4
  if (rule === 'invite' || (rule === 'knock' && event.version.knocking)) {
    return known ? ALLOW : reject('member.join.invite', 'user is not invited');
  }
  // 5.3.5
  if (isRestricted(rule, event)) return known ? ALLOW : checkAuthoriser(event, state);
  // 5.3.7
  return reject('member.join.rule', 'join rule lets nobody in');
}

function isRestricted(rule: string | undefined, event: Event): boolean {
  if (rule === 'restricted') return event.version.restrictedJoins;
  return rule === 'knock_restricted' && event.version.knockRestricted;
}

/** 5.3.5.2: a joined member who may invite has vouched for the join. */
function checkAuthoriser(event: Event, state: StateLookup): AuthVerdict {
  const authoriser = getString(event.content, 'join_authorised_via_users_server');
  if (authoriser === undefined) return reject('member.join.authoriser', 'join names no authorising user');
  if (membershipOf(state, authoriser) !== 'join') {
    return reject('member.join.authoriser', 'authorising user is not in the room');
  }
  if (!(userLevel(state, authoriser) >= namedLevel(state, 'invite'))) {
    return reject('member.join.authoriser', 'authorising user may not invite');
  }
  return ALLOW;
}

/** 5.4 */
function checkInvite(event: Event, target: string, state: StateLookup, crypto: EventCrypto | undefined): AuthVerdict {
  // 5.4.1
  if (Object.hasOwn(event.content, 'third_party_invite')) {
    if (membershipOf(state, target) === 'ban') return reject('member.invite.banned', 'invited user is banned');
    return checkThirdPartyInvite(event, target, state, crypto);
  }
  // 5.4.2
  if (membershipOf(state, event.sender) !== 'join') return reject('member.invite.sender', 'inviter is not in the room');
  // 5.4.3
  const current = membershipOf(state, target);
  if (current === 'join') return reject('member.invite.joined', 'invited user is in the room already');
  if (current === 'ban') return reject('member.invite.banned', 'invited user is banned');
  // 5.4.4
  if (userLevel(state, event.sender) >= namedLevel(state, 'invite')) return ALLOW;
  // 5.4.5
  return reject('member.invite.level', 'inviter may not invite');
}

/** 5.5 */
function checkLeave(event: Event, target: string, state: StateLookup): AuthVerdict {
  const own = membershipOf(state, event.sender);
  // 5.5.1
  if (event.sender === target) {
    const inside = own === 'invite' || own === 'join' || (own === 'knock' && event.version.knocking);
    return inside ? ALLOW : reject('member.leave.outside', 'user has nothing to leave');
  }
  // 5.5.2
  if (own !== 'join') return reject('member.leave.sender', 'sender is not in the room');
  const level = userLevel(state, event.sender);
  // 5.5.3
  if (membershipOf(state, target) === 'ban' && !(level >= namedLevel(state, 'ban'))) {
    return reject('member.unban.level', 'sender may not unban');
  }
  // 5.5.4
  if (level >= namedLevel(state, 'kick') && userLevel(state, target) < level) return ALLOW;
  // 5.5.5
  return reject('member.kick.level', 'sender may not remove this user');
}

/** 5.6 */
function checkBan(event: Event, target: string, state: StateLookup): AuthVerdict {
  // 5.6.1
  if (membershipOf(state, event.sender) !== 'join') return reject('member.ban.sender', 'sender is not in the room');
  // 5.6.2
  const level = userLevel(state, event.sender);
  if (level >= namedLevel(state, 'ban') && userLevel(state, target) < level) return ALLOW;
  // 5.6.3
  return reject('member.ban.level', 'sender may not ban this user');
}

/** 5.7 */
function checkKnock(event: Event, target: string, state: StateLookup): AuthVerdict {
  const rule = joinRuleOf(state);
  // 5.7.1
  const open = rule === 'knock' || (rule === 'knock_restricted' && event.version.knockRestricted);
  if (!open) return reject('member.knock.rule', 'room cannot be knocked on');
  // 5.7.2
  if (event.sender !== target) return reject('member.knock.other', 'nobody knocks in the name of another');
  // 5.7.3
  const current = membershipOf(state, target);
  if (current !== 'ban' && current !== 'invite' && current !== 'join') return ALLOW;
  // 5.7.4
  return reject('member.knock.membership', `user with membership ${current} cannot knock`);
}
