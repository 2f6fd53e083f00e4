import { isObject, type Json } from '../core/json.ts';
import {
  bodyCondition,
  type Condition,
  compileCondition,
  compileDefaultCondition,
  roomCondition,
  senderCondition,
  WITHOUT_MENTIONS,
} from './condition.ts';
import { DEFAULT_RULES, type DefaultRule, MASTER_RULE } from './default-rules.ts';
import type { PushMember, PushSubject } from './push-subject.ts';
import { type PushAction, RULE_KINDS, type RuleKind } from './rule.ts';
import type { StoredRule } from './stored-rule.ts';

/** What happens when an event matches a rule. */
export interface Outcome {
  readonly notify: boolean;
  readonly highlight: boolean;
  readonly sound?: string;
  readonly actions: readonly PushAction[];
  /** `actions` as JSON. */
  readonly json: string;
}

interface CompiledRule {
  readonly conditions: readonly Condition[];
  readonly outcome: Outcome;
}

/** The enabled rules of a user in the order in which they are checked. */
export interface CompiledRules {
  readonly rules: readonly CompiledRule[];
  /** About what they keep in memory on top of what all users share. */
  readonly bytes: number;
}

const NOTHING: Outcome = outcomeOf([]);

/**
 * What a user's rules say about an event: the outcome of the first rule that matches. Pure.
 * Own events never notify, and neither do those that no rule matches.
 */
export function evaluate(compiled: CompiledRules, subject: PushSubject, member: PushMember): Outcome {
  if (member.userId === subject.event.sender) return NOTHING;
  subject.startMember();
  for (const rule of compiled.rules) {
    if (rule.conditions.every(condition => condition.holds(subject, member))) return rule.outcome;
  }
  return NOTHING;
}

/** The meaning of a list of actions; historical ones (`dont_notify`, `coalesce`) and unknown ones mean nothing. */
export function outcomeOf(actions: readonly PushAction[]): Outcome {
  const highlight = tweak(actions, 'highlight');
  const sound = tweak(actions, 'sound');
  return {
    notify: actions.includes('notify'),
    highlight: highlight !== undefined && (highlight.value ?? true) === true,
    ...(typeof sound?.value === 'string' ? { sound: sound.value } : {}),
    actions,
    json: JSON.stringify(actions),
  };
}

/** The last action that sets a tweak. A tweak without a value has none here. */
function tweak(actions: readonly PushAction[], name: string): { readonly value: Json | undefined } | undefined {
  const action = actions.findLast(action => isObject(action) && action.set_tweak === name);
  return isObject(action) ? { value: action.value } : undefined;
}

interface CompiledDefault extends CompiledRule {
  readonly rule: DefaultRule;
}

const COMPILED_DEFAULTS: readonly CompiledDefault[] = DEFAULT_RULES.map(rule => ({
  rule,
  conditions: [
    ...(rule.withoutMentions === true ? [WITHOUT_MENTIONS] : []),
    ...rule.conditions.map(compileDefaultCondition),
  ],
  outcome: outcomeOf(rule.actions),
}));

/** The rules of a user who changed nothing: one object for all of them. */
export const UNCHANGED_RULES: CompiledRules = {
  rules: COMPILED_DEFAULTS.filter(({ rule }) => rule.enabled),
  bytes: 0,
};

/** Compiles what a user stored together with the default rules. `stored` is sorted by rank. */
export function compileRules(stored: readonly StoredRule[]): CompiledRules {
  if (stored.length === 0) return UNCHANGED_RULES;
  const changes = new Map(stored.filter(rule => rule.isDefault).map(rule => [rule.ruleId, rule]));
  const own = stored.filter(rule => !rule.isDefault && rule.enabled !== false);
  const compiled = own.map(rule => ({ kind: rule.kind, rule: compileOwn(rule) }));
  const defaultsOf = (kind: RuleKind, master: boolean) =>
    COMPILED_DEFAULTS.filter(({ rule }) => rule.kind === kind && (rule === MASTER_RULE) === master).flatMap(rule =>
      withChanges(rule, changes.get(rule.rule.ruleId)),
    );
  const rules = RULE_KINDS.flatMap(kind => [
    ...defaultsOf(kind, true),
    ...compiled.filter(own => own.kind === kind).map(own => own.rule),
    ...defaultsOf(kind, false),
  ]);
  const bytes = compiled.reduce((sum, { rule }) => sum + bytesOf(rule), rules.length * 8);
  return { rules, bytes };
}

function withChanges(rule: CompiledDefault, change: StoredRule | undefined): CompiledRule[] {
  if (!(change?.enabled ?? rule.rule.enabled)) return [];
  if (change?.actions === undefined) return [rule];
  return [{ conditions: rule.conditions, outcome: outcomeOf(change.actions) }];
}

function compileOwn(rule: StoredRule): CompiledRule {
  return { conditions: conditionsOf(rule), outcome: outcomeOf(rule.actions ?? []) };
}

function conditionsOf(rule: StoredRule): Condition[] {
  if (rule.kind === 'room') return [roomCondition(rule.ruleId)];
  if (rule.kind === 'sender') return [senderCondition(rule.ruleId)];
  if (rule.kind === 'content') return [bodyCondition(rule.pattern ?? '')];
  return (rule.conditions ?? []).map(compileCondition);
}

function bytesOf(rule: CompiledRule): number {
  const conditions = rule.conditions.reduce((sum, condition) => sum + condition.bytes, 0);
  return 300 + conditions + rule.outcome.json.length * 4;
}
