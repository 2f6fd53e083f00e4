import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { PushAction, RuleInput, RuleKind } from './rule.ts';
import { type RuleRow, readStoredRule, type StoredRule } from './stored-rule.ts';

/** What users stored, sorted by rank; users who stored nothing are left out. */
export async function storedRulesOf(db: Queryable, userNids: readonly number[]): Promise<Map<number, StoredRule[]>> {
  const rows = await db.all<RuleRow & { user_nid: number }>(
    sql`select user_nid, kind, rule_id, enabled, actions, conditions, pattern from push_rule
      where user_nid ${sql.in(userNids)} order by rank, rule_id`,
  );
  const found = new Map<number, StoredRule[]>();
  for (const row of rows) {
    const rule = readStoredRule(row);
    if (rule === undefined) continue;
    const rules = found.get(row.user_nid);
    if (rules === undefined) found.set(row.user_nid, [rule]);
    else rules.push(rule);
  }
  return found;
}

/** Where each user's rules last changed, for users who ever changed them. */
export async function rulesetPositions(db: Queryable, userNids: readonly number[]): Promise<Map<number, number>> {
  const rows = await db.all<{ user_nid: number; pos: number }>(
    sql`select user_nid, pos from push_ruleset where user_nid ${sql.in(userNids)}`,
  );
  return new Map(rows.map(row => [row.user_nid, row.pos]));
}

export async function setRulesetPosition(tx: Tx, userNid: number, pos: number): Promise<void> {
  await tx.run(
    sql`insert into push_ruleset (user_nid, pos) values (${userNid}, ${pos})
      on conflict (user_nid) do update set pos = excluded.pos`,
  );
}

export interface RuleUsage {
  readonly rules: number;
  /** The sum of the lengths of everything stored, in characters. */
  readonly size: number;
}

/** What a user's own rules take up, without the one that is about to be written. */
export async function ruleUsage(db: Queryable, userNid: number, kind: RuleKind, ruleId: string): Promise<RuleUsage> {
  const row = await db.get<RuleUsage>(
    sql`select count(*) as rules,
        coalesce(sum(length(rule_id) + length(coalesce(actions, '')) + length(coalesce(conditions, ''))
          + length(coalesce(pattern, ''))), 0) as size
      from push_rule where user_nid = ${userNid} and not (kind = ${kind} and rule_id = ${ruleId})`,
  );
  return row ?? { rules: 0, size: 0 };
}

/** The rank of a rule that the user has. */
export async function rankOf(
  db: Queryable,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
): Promise<number | undefined> {
  const row = await db.get<{ rank: number }>(
    sql`select rank from push_rule where user_nid = ${userNid} and kind = ${kind} and rule_id = ${ruleId}`,
  );
  return row?.rank;
}

/** A rank before all rules of the kind. */
export async function firstRank(db: Queryable, userNid: number, kind: RuleKind): Promise<number> {
  const row = await db.get<{ rank: number | null }>(
    sql`select min(rank) as rank from push_rule where user_nid = ${userNid} and kind = ${kind}`,
  );
  return (row?.rank ?? 1) - 1;
}

/** Makes room at `rank`: it and all behind it move one back. */
export async function makeRoomAt(tx: Tx, userNid: number, kind: RuleKind, rank: number): Promise<void> {
  await tx.run(
    sql`update push_rule set rank = rank + 1 where user_nid = ${userNid} and kind = ${kind} and rank >= ${rank}`,
  );
}

/** Writes a user's own rule. A new one is enabled; one that exists stays as it is in that. */
export async function writeRule(
  tx: Tx,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
  rank: number,
  rule: RuleInput,
): Promise<void> {
  const conditions = rule.conditions === undefined ? null : JSON.stringify(rule.conditions);
  await tx.run(
    sql`insert into push_rule (user_nid, kind, rule_id, rank, enabled, actions, conditions, pattern)
      values (${userNid}, ${kind}, ${ruleId}, ${rank}, 1, ${JSON.stringify(rule.actions)}, ${conditions},
        ${rule.pattern ?? null})
      on conflict (user_nid, kind, rule_id) do update set rank = excluded.rank, actions = excluded.actions,
        conditions = excluded.conditions, pattern = excluded.pattern`,
  );
}

/** Whether there was such a rule. */
export async function deleteRule(tx: Tx, userNid: number, kind: RuleKind, ruleId: string): Promise<boolean> {
  const count = await tx.run(
    sql`delete from push_rule where user_nid = ${userNid} and kind = ${kind} and rule_id = ${ruleId}`,
  );
  return count > 0;
}

/** Enables or disables a rule; for a default rule, a row is made. */
export async function writeEnabled(
  tx: Tx,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
  enabled: boolean,
): Promise<void> {
  await tx.run(
    sql`insert into push_rule (user_nid, kind, rule_id, enabled) values (${userNid}, ${kind}, ${ruleId}, ${enabled ? 1 : 0})
      on conflict (user_nid, kind, rule_id) do update set enabled = excluded.enabled`,
  );
}

/** Sets the actions of a rule; for a default rule, a row is made. */
export async function writeActions(
  tx: Tx,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
  actions: readonly PushAction[],
): Promise<void> {
  const json = JSON.stringify(actions);
  await tx.run(
    sql`insert into push_rule (user_nid, kind, rule_id, actions) values (${userNid}, ${kind}, ${ruleId}, ${json})
      on conflict (user_nid, kind, rule_id) do update set actions = excluded.actions`,
  );
}
