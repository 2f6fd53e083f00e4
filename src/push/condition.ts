import { getString, isObject, type Json, type JsonObject } from '../core/json.ts';
import { type DefaultCondition, localpartOf } from './default-rules.ts';
import { compileGlob } from './glob.ts';
import { type PushMember, type PushSubject, parsePropertyPath, type SharedQuestion } from './push-subject.ts';
import { containsWord } from './word-search.ts';

/** A compiled condition. */
export interface Condition {
  holds(subject: PushSubject, member: PushMember): boolean;
  /** About what it keeps in memory. */
  readonly bytes: number;
}

type Ask = (subject: PushSubject, member: PushMember) => boolean;

const SMALL = 200;

function condition(holds: Ask, bytes = SMALL): Condition {
  return { holds, bytes };
}

const NEVER = condition(() => false);

/** Compiles a condition of a user's rule. One that is unknown or malformed never matches. */
export function compileCondition(json: JsonObject): Condition {
  const key = getString(json, 'key');
  switch (getString(json, 'kind')) {
    case 'event_match':
      return eventMatch(key, getString(json, 'pattern'));
    case 'event_property_is':
      return propertyIs(key, json.value);
    case 'event_property_contains':
      return propertyContains(key, json.value);
    case 'contains_display_name':
      return condition(containsDisplayName);
    case 'room_member_count':
      return memberCount(getString(json, 'is'));
    case 'sender_notification_permission':
      if (key === undefined) return NEVER;
      return condition(({ room }) => room.senderLevel() >= room.notificationLevel(key));
    default:
      return NEVER;
  }
}

/** Compiles a condition of a default rule, which all users share: it is asked once per event, not once per member. */
export function compileDefaultCondition(json: DefaultCondition): Condition {
  if (json === 'state_key_is_owner') return condition(({ event }, { userId }) => event.stateKey === userId);
  if (json === 'mentions_owner') return condition(mentionsOwner);
  if (json === 'body_has_owners_name') return condition(containsDisplayName);
  if (json === 'body_has_owners_localpart')
    return condition((subject, { userId }) => containsName(subject, localpartOf(userId)));
  const own = compileCondition(json);
  // Conditions of default rules look at nothing of the member but in the cases above.
  const nobody: PushMember = { userNid: 0, userId: '', displayName: undefined };
  const question: SharedQuestion = { ask: subject => own.holds(subject, nobody) };
  return condition(subject => subject.answer(question), own.bytes);
}

const MENTIONS = ['content', 'm.mentions', 'user_ids'];

function mentionsOwner(subject: PushSubject, member: PushMember): boolean {
  const mentioned = subject.property(MENTIONS);
  return Array.isArray(mentioned) && mentioned.includes(member.userId);
}

const SAYS_MENTIONS: SharedQuestion = { ask: subject => subject.property(MENTIONS.slice(0, 2)) !== undefined };

/** An event that does not say whom it mentions: that nobody is mentioned is said as well. */
export const WITHOUT_MENTIONS: Condition = condition(subject => !subject.answer(SAYS_MENTIONS));

function eventMatch(key: string | undefined, pattern: string | undefined): Condition {
  if (key === undefined || pattern === undefined) return NEVER;
  const path = parsePropertyPath(key);
  const matcher = compileGlob(pattern);
  const isBody = path.length === 2 && path[0] === 'content' && path[1] === 'body';
  return condition(subject => {
    const text = subject.lowerText(key, path);
    if (text === undefined || !subject.maySpend(text.length * matcher.effort)) return false;
    return isBody ? matcher.word(text) : matcher.whole(text);
  }, matcher.bytes + SMALL);
}

/** The only condition of a `content` rule. */
export function bodyCondition(pattern: string): Condition {
  return eventMatch('content.body', pattern);
}

/** The only condition of a `room` rule. */
export function roomCondition(roomId: string): Condition {
  return condition(({ event }) => event.roomId === roomId);
}

/** The only condition of a `sender` rule. */
export function senderCondition(userId: string): Condition {
  return condition(({ event }) => event.sender === userId);
}

/** Strings, integers, booleans and null: what the two `event_property` conditions can compare. */
export function isComparable(value: Json | undefined): value is string | number | boolean | null {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

function propertyIs(key: string | undefined, wanted: Json | undefined): Condition {
  if (key === undefined || !isComparable(wanted)) return NEVER;
  const path = parsePropertyPath(key);
  return condition(subject => subject.property(path) === wanted);
}

function propertyContains(key: string | undefined, wanted: Json | undefined): Condition {
  if (key === undefined || !isComparable(wanted)) return NEVER;
  const path = parsePropertyPath(key);
  return condition(subject => {
    const value = subject.property(path);
    return Array.isArray(value) && value.includes(wanted);
  });
}

const BODY = ['content', 'body'];

/** Other users choose their display names freely, so the name is searched as it is, in linear time. */
function containsDisplayName(subject: PushSubject, { displayName }: PushMember): boolean {
  return displayName !== undefined && containsName(subject, displayName);
}

function containsName(subject: PushSubject, name: string): boolean {
  if (name === '') return false;
  const body = subject.lowerText('content.body', BODY);
  if (body === undefined || name.length > body.length * 2) return false;
  if (!subject.maySpend((body.length + name.length) / 4)) return false;
  return containsWord(body, name.toLowerCase());
}

const COMPARISONS: Readonly<Record<string, (count: number, limit: number) => boolean>> = {
  '==': (count, limit) => count === limit,
  '<': (count, limit) => count < limit,
  '>': (count, limit) => count > limit,
  '<=': (count, limit) => count <= limit,
  '>=': (count, limit) => count >= limit,
};

function memberCount(is: string | undefined): Condition {
  const [, operator = '==', digits] = /^(==|<=|>=|<|>)?([0-9]{1,15})$/.exec(is ?? '') ?? [];
  const compare = COMPARISONS[operator];
  if (digits === undefined || compare === undefined) return NEVER;
  const limit = Number(digits);
  return condition(({ room }) => compare(room.memberCount, limit));
}

/** Why a condition that a user sends is none; undefined when it is one, or of a kind that is not known here. */
export function faultOfCondition(json: Json): string | undefined {
  if (!isObject(json) || getString(json, 'kind') === undefined) return 'A condition must be an object with a kind.';
  const kind = getString(json, 'kind');
  if (kind === 'room_member_count') {
    return memberCount(getString(json, 'is')) === NEVER ? 'room_member_count needs "is", such as "<=10".' : undefined;
  }
  const needsValue = kind === 'event_property_is' || kind === 'event_property_contains';
  const needsKey = needsValue || kind === 'event_match' || kind === 'sender_notification_permission';
  if (needsKey && getString(json, 'key') === undefined) return `${kind} needs the string "key".`;
  if (kind === 'event_match' && getString(json, 'pattern') === undefined)
    return 'event_match needs the string "pattern".';
  if (needsValue && !isComparable(json.value)) return `${kind} needs "value": a string, an integer, a boolean or null.`;
  return undefined;
}
