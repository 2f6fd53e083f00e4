import { getString, isObject, type Json, type JsonObject } from '../core/json.ts';
import { conditionFor, DEFAULT_RULES, type DefaultRule, MASTER_RULE } from './default-rules.ts';
import { type PushAction, type PushRule, RULE_KINDS, type RuleKind, type Ruleset } from './rule.ts';

/** A rule as it is stored: a user's own, or what a user changed about a default one. */
export interface StoredRule {
  readonly kind: RuleKind;
  readonly ruleId: string;
  readonly isDefault: boolean;
  /** Undefined where a default rule keeps its own. */
  readonly enabled: boolean | undefined;
  readonly actions: readonly PushAction[] | undefined;
  readonly conditions: readonly JsonObject[] | undefined;
  readonly pattern: string | undefined;
}

export interface RuleRow {
  readonly kind: string;
  readonly rule_id: string;
  readonly enabled: number | null;
  readonly actions: string | null;
  readonly conditions: string | null;
  readonly pattern: string | null;
}

/** Undefined for a row that cannot be read: one broken rule must not silence all others. */
export function readStoredRule(row: RuleRow): StoredRule | undefined {
  const kind = RULE_KINDS.find(kind => kind === row.kind);
  const actions = readList(row.actions);
  const conditions = readList(row.conditions);
  if (kind === undefined || actions === 'broken' || conditions === 'broken') return undefined;
  return {
    kind,
    ruleId: row.rule_id,
    isDefault: row.rule_id.startsWith('.'),
    enabled: row.enabled === null ? undefined : row.enabled === 1,
    actions: actions?.filter(action => typeof action === 'string' || isObject(action)),
    conditions: conditions?.filter(condition => isObject(condition)),
    pattern: row.pattern ?? undefined,
  };
}

function readList(text: string | null): Json[] | undefined | 'broken' {
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return Array.isArray(value) ? value : 'broken';
  } catch {
    return 'broken';
  }
}

/** All rules of a user as clients see them. `stored` is sorted by rank. */
export function rulesetOf(stored: readonly StoredRule[], userId: string): Ruleset {
  const of = (kind: RuleKind) => rulesOfKind(kind, stored, userId);
  return {
    override: of('override'),
    content: of('content'),
    room: of('room'),
    sender: of('sender'),
    underride: of('underride'),
  };
}

function rulesOfKind(kind: RuleKind, stored: readonly StoredRule[], userId: string): PushRule[] {
  const changes = new Map(stored.filter(rule => rule.isDefault && rule.kind === kind).map(rule => [rule.ruleId, rule]));
  const defaults = DEFAULT_RULES.filter(rule => rule.kind === kind);
  const shown = (rule: DefaultRule) => showDefault(rule, changes.get(rule.ruleId), userId);
  return [
    ...defaults.filter(rule => rule === MASTER_RULE).map(shown),
    ...stored.filter(rule => rule.kind === kind && !rule.isDefault).map(showOwn),
    ...defaults.filter(rule => rule !== MASTER_RULE).map(shown),
  ];
}

function showDefault(rule: DefaultRule, change: StoredRule | undefined, userId: string): PushRule {
  const conditions = rule.conditions.map(condition => conditionFor(condition, userId));
  return {
    rule_id: rule.ruleId,
    default: true,
    enabled: change?.enabled ?? rule.enabled,
    actions: change?.actions ?? rule.actions,
    // A content rule is shown by the pattern of its only condition.
    ...(rule.kind === 'content' ? { pattern: getString(conditions[0] ?? {}, 'pattern') ?? '' } : { conditions }),
  };
}

function showOwn(rule: StoredRule): PushRule {
  return {
    rule_id: rule.ruleId,
    default: false,
    enabled: rule.enabled ?? true,
    actions: rule.actions ?? [],
    ...(rule.conditions === undefined ? {} : { conditions: rule.conditions }),
    ...(rule.pattern === undefined ? {} : { pattern: rule.pattern }),
  };
}
