import type { JsonObject } from '../core/json.ts';
import type { PushAction, RuleKind } from './rule.ts';

/** A condition of a default rule; those that look at the rule's owner are words of their own. */
export type DefaultCondition =
  | JsonObject
  | 'state_key_is_owner'
  | 'mentions_owner'
  | 'body_has_owners_name'
  | 'body_has_owners_localpart';

export interface DefaultRule {
  readonly kind: RuleKind;
  readonly ruleId: string;
  readonly enabled: boolean;
  readonly conditions: readonly DefaultCondition[];
  readonly actions: readonly PushAction[];
  /** For events of clients and bridges that are too old to say whom they mention. */
  readonly withoutMentions?: boolean;
}

const HIGHLIGHT: PushAction = { set_tweak: 'highlight' };
const MEMBER = match('type', 'm.room.member');
const ONE_TO_ONE: JsonObject = { kind: 'room_member_count', is: '2' };

function match(key: string, pattern: string): JsonObject {
  return { kind: 'event_match', key, pattern };
}

function sound(value: string): PushAction {
  return { set_tweak: 'sound', value };
}

function rule(
  kind: RuleKind,
  name: string,
  conditions: readonly DefaultCondition[],
  ...actions: readonly PushAction[]
): DefaultRule {
  return { kind, ruleId: `.m.rule.${name}`, enabled: true, conditions, actions };
}

function oldRule(...args: Parameters<typeof rule>): DefaultRule {
  return { ...rule(...args), withoutMentions: true };
}

/** Before all rules of the user; every other default rule comes after the user's of its kind. */
export const MASTER_RULE: DefaultRule = { ...rule('override', 'master', []), enabled: false };

/**
 * The server-default rules in their order (client-server API 1.19, "Predefined Rules"), and those three that look for
 * mentions in the body (1.16, the same place), for events without `m.mentions` alone: decision 0146.
 */
export const DEFAULT_RULES: readonly DefaultRule[] = [
  MASTER_RULE,
  rule('override', 'suppress_notices', [match('content.msgtype', 'm.notice')]),
  rule(
    'override',
    'invite_for_me',
    [MEMBER, match('content.membership', 'invite'), 'state_key_is_owner'],
    'notify',
    sound('default'),
  ),
  rule('override', 'member_event', [MEMBER]),
  rule('override', 'is_user_mention', ['mentions_owner'], 'notify', sound('default'), HIGHLIGHT),
  oldRule('override', 'contains_display_name', ['body_has_owners_name'], 'notify', sound('default'), HIGHLIGHT),
  rule(
    'override',
    'is_room_mention',
    [
      { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
      { kind: 'sender_notification_permission', key: 'room' },
    ],
    'notify',
    HIGHLIGHT,
  ),
  oldRule(
    'override',
    'roomnotif',
    [match('content.body', '@room'), { kind: 'sender_notification_permission', key: 'room' }],
    'notify',
    HIGHLIGHT,
  ),
  rule('override', 'tombstone', [match('type', 'm.room.tombstone'), match('state_key', '')], 'notify', HIGHLIGHT),
  rule('override', 'reaction', [match('type', 'm.reaction')]),
  rule('override', 'room.server_acl', [match('type', 'm.room.server_acl'), match('state_key', '')]),
  rule('override', 'suppress_edits', [
    { kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' },
  ]),
  oldRule('content', 'contains_user_name', ['body_has_owners_localpart'], 'notify', sound('default'), HIGHLIGHT),
  rule('underride', 'call', [match('type', 'm.call.invite')], 'notify', sound('ring')),
  rule(
    'underride',
    'encrypted_room_one_to_one',
    [ONE_TO_ONE, match('type', 'm.room.encrypted')],
    'notify',
    sound('default'),
  ),
  rule('underride', 'room_one_to_one', [ONE_TO_ONE, match('type', 'm.room.message')], 'notify', sound('default')),
  rule('underride', 'message', [match('type', 'm.room.message')], 'notify'),
  rule('underride', 'encrypted', [match('type', 'm.room.encrypted')], 'notify'),
];

export function findDefaultRule(kind: RuleKind, ruleId: string): DefaultRule | undefined {
  return DEFAULT_RULES.find(rule => rule.kind === kind && rule.ruleId === ruleId);
}

/** A default condition as the rule's owner sees it: with the owner's user ID in its place. */
export function conditionFor(condition: DefaultCondition, userId: string): JsonObject {
  if (condition === 'state_key_is_owner') return match('state_key', userId);
  if (condition === 'mentions_owner')
    return { kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId };
  if (condition === 'body_has_owners_name') return { kind: 'contains_display_name' };
  if (condition === 'body_has_owners_localpart') return match('content.body', localpartOf(userId));
  return condition;
}

/** Between the `@` and the first colon. */
export function localpartOf(userId: string): string {
  return userId.slice(1, userId.indexOf(':'));
}
