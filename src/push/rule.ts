import type { JsonObject } from '../core/json.ts';

/** The kinds of push rules in the order in which they are checked (client-server API, "Push Rules"). */
export const RULE_KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** `"notify"`, or `{ set_tweak, value? }`. */
export type PushAction = string | JsonObject;

/** A push rule as clients see it (definitions/push_rule.yaml). */
export interface PushRule {
  readonly rule_id: string;
  readonly default: boolean;
  readonly enabled: boolean;
  readonly actions: readonly PushAction[];
  /** Of `override` and `underride` rules. */
  readonly conditions?: readonly JsonObject[];
  /** Of `content` rules. */
  readonly pattern?: string;
}

/** The most important rule of each kind comes first. */
export type Ruleset = Readonly<Record<RuleKind, readonly PushRule[]>>;

/** What a user may send as a rule, once checked: see `rule-input.ts`. */
export interface RuleInput {
  readonly actions: readonly PushAction[];
  readonly conditions?: readonly JsonObject[];
  readonly pattern?: string;
}

/** Where a new rule goes: next to another rule of the user. */
export interface RulePlace {
  readonly before: string | undefined;
  readonly after: string | undefined;
}
