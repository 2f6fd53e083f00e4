import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { faultOfCondition } from './condition.ts';
import { type PushAction, RULE_KINDS, type RuleInput, type RuleKind } from './rule.ts';

/** Bounds on what one user can make every event of the user's rooms cost. */
export const RULE_LIMITS = {
  /** Rules of one user. */
  rules: 1000,
  /** Everything stored for one user, in characters. */
  size: 256 * 1024,
  /** One rule as JSON, in characters. */
  ruleSize: 8 * 1024,
  /** A rule's name, in characters. */
  ruleId: 512,
  /** A glob, in characters. */
  pattern: 256,
  /** Conditions of one rule. */
  conditions: 20,
  actions: 20,
} as const;

/** @throws MatrixError M_INVALID_PARAM */
export function parseRuleKind(text: string): RuleKind {
  const kind = RULE_KINDS.find(kind => kind === text);
  if (kind === undefined) throw invalidParam(`There is no kind of push rules called ${text.slice(0, 40)}.`);
  return kind;
}

/** The kind of a rule that should be there already. @throws MatrixError M_NOT_FOUND: no rule is of an unknown kind */
export function existingRuleKind(text: string): RuleKind {
  const kind = RULE_KINDS.find(kind => kind === text);
  if (kind === undefined) throw notFound('There is no such push rule.');
  return kind;
}

/** Whether a user may have a rule of this name. @throws MatrixError M_INVALID_PARAM, M_TOO_LARGE */
export function checkOwnRuleId(ruleId: string): void {
  if (ruleId === '') throw invalidParam('A push rule needs a name.');
  if (ruleId.startsWith('.')) throw invalidParam('Names that start with a dot belong to default rules of the server.');
  if (/[/\\]/.test(ruleId)) throw invalidParam('The name of a push rule may not hold slashes or backslashes.');
  if (ruleId.length > RULE_LIMITS.ruleId)
    throw tooLarge(`The name of a push rule may have ${RULE_LIMITS.ruleId} characters.`);
}

/**
 * A user's rule, checked and without what its kind has no use for.
 * @throws MatrixError M_BAD_JSON, M_MISSING_PARAM, M_INVALID_PARAM, M_TOO_LARGE
 */
export function parseRuleInput(kind: RuleKind, body: JsonObject): RuleInput {
  if (JSON.stringify(body).length > RULE_LIMITS.ruleSize)
    throw tooLarge(`A push rule may have ${RULE_LIMITS.ruleSize} characters.`);
  const actions = parseActions(body.actions);
  if (kind === 'content') return { actions, pattern: parsePattern(body.pattern) };
  if (kind === 'override' || kind === 'underride') return { actions, conditions: parseConditions(body.conditions) };
  return { actions };
}

/**
 * A list of actions. Historical ones are kept for the clients that set them, which expect to read what they wrote
 * (Complement's TestPushRuleCacheHealth); they mean nothing (client-server API, "Historical Actions").
 * @throws MatrixError M_MISSING_PARAM, M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE
 */
export function parseActions(value: Json | undefined): PushAction[] {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', 'A push rule needs actions.');
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', 'The actions must be a list.');
  if (value.length > RULE_LIMITS.actions) throw tooLarge(`A push rule may have ${RULE_LIMITS.actions} actions.`);
  if (JSON.stringify(value).length > RULE_LIMITS.ruleSize) throw tooLarge('The actions are too long.');
  return value.map(parseAction);
}

function parseAction(action: Json): PushAction {
  if (action === 'notify' || action === 'dont_notify' || action === 'coalesce') return action;
  if (isObject(action) && typeof action.set_tweak === 'string') return action;
  throw invalidParam('An action must be "notify" or an object with the string "set_tweak".');
}

function parsePattern(pattern: Json | undefined): string {
  if (pattern === undefined) throw new MatrixError('M_MISSING_PARAM', 'A content rule needs a pattern.');
  if (typeof pattern !== 'string') throw new MatrixError('M_BAD_JSON', 'The pattern must be a string.');
  if (pattern.length > RULE_LIMITS.pattern) throw tooLarge(`A pattern may have ${RULE_LIMITS.pattern} characters.`);
  return pattern;
}

function parseConditions(conditions: Json | undefined): JsonObject[] {
  if (conditions === undefined) return [];
  if (!Array.isArray(conditions)) throw new MatrixError('M_BAD_JSON', 'The conditions must be a list.');
  if (conditions.length > RULE_LIMITS.conditions)
    throw tooLarge(`A push rule may have ${RULE_LIMITS.conditions} conditions.`);
  for (const condition of conditions) {
    const fault = faultOfCondition(condition);
    if (fault !== undefined) throw invalidParam(fault);
    if (isObject(condition) && condition.kind === 'event_match') parsePattern(condition.pattern);
  }
  return conditions.filter(condition => isObject(condition));
}

export function tooLarge(message: string): MatrixError {
  return new MatrixError('M_TOO_LARGE', message);
}
