import type { Bus } from '../bus/bus.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';
import { findDefaultRule } from './default-rules.ts';
import {
  deleteRule,
  firstRank,
  makeRoomAt,
  rankOf,
  rulesetPositions,
  ruleUsage,
  setRulesetPosition,
  storedRulesOf,
  writeActions,
  writeEnabled,
  writeRule,
} from './push-rules.table.ts';
import type { PushRule, RuleInput, RuleKind, RulePlace, Ruleset } from './rule.ts';
import { checkOwnRuleId, parseActions, parseRuleInput, RULE_LIMITS, tooLarge } from './rule-input.ts';
import { rulesetOf } from './stored-rule.ts';

/** The bus subject that says whose rules changed; the message is the user's number. */
export const PUSH_RULES_SUBJECT = 'push.rules';

/** Whose rules. A `Requester` is one. */
export interface RuleOwner {
  readonly userNid: number;
  readonly userId: string;
}

/** The content of `m.push_rules`: `{ global: ruleset }`, default rules included. */
export async function pushRulesFor(db: Queryable, userNid: number, userId: string): Promise<{ global: Ruleset }> {
  const stored = await storedRulesOf(db, [userNid]);
  return { global: rulesetOf(stored.get(userNid) ?? [], userId) };
}

/** Whether `m.push_rules` changed behind a position of the user's log. */
export async function pushRulesChangedSince(db: Queryable, userNid: number, afterPos: number): Promise<boolean> {
  const positions = await rulesetPositions(db, [userNid]);
  return (positions.get(userNid) ?? 0) > afterPos;
}

/** Reads and changes users' push rules. Each change is an entry in the user's log. */
export class PushRules {
  readonly #db: Database;
  readonly #bus: Bus;

  constructor(parts: { readonly db: Database; readonly bus: Bus }) {
    this.#db = parts.db;
    this.#bus = parts.bus;
  }

  async ruleset(owner: RuleOwner): Promise<Ruleset> {
    return (await pushRulesFor(this.#db, owner.userNid, owner.userId)).global;
  }

  /** @throws MatrixError M_NOT_FOUND */
  async rule(owner: RuleOwner, kind: RuleKind, ruleId: string): Promise<PushRule> {
    const found = (await this.ruleset(owner))[kind].find(rule => rule.rule_id === ruleId);
    if (found === undefined) throw noSuchRule();
    return found;
  }

  /**
   * Writes a rule of the user's own. Without a place, a new one becomes the most important of its kind and an
   * existing one stays where it is.
   * @throws MatrixError what `parseRuleInput` throws; M_UNKNOWN when the rule of the place does not exist
   */
  async set(owner: RuleOwner, kind: RuleKind, ruleId: string, body: JsonObject, place: RulePlace): Promise<void> {
    checkOwnRuleId(ruleId);
    const input = parseRuleInput(kind, body);
    await this.#change(owner.userNid, tx => setRule(tx, owner.userNid, kind, ruleId, input, place));
  }

  /** @throws MatrixError M_NOT_FOUND; M_INVALID_PARAM for a default rule */
  async delete(owner: RuleOwner, kind: RuleKind, ruleId: string): Promise<void> {
    if (findDefaultRule(kind, ruleId) !== undefined)
      throw invalidParam('A default rule cannot be deleted, only disabled.');
    await this.#change(owner.userNid, async tx => {
      if (ruleId.startsWith('.') || !(await deleteRule(tx, owner.userNid, kind, ruleId))) throw noSuchRule();
    });
  }

  /** @throws MatrixError M_NOT_FOUND */
  async setEnabled(owner: RuleOwner, kind: RuleKind, ruleId: string, enabled: boolean): Promise<void> {
    await this.#change(owner.userNid, async tx => {
      await mustExist(tx, owner.userNid, kind, ruleId);
      await writeEnabled(tx, owner.userNid, kind, ruleId, enabled);
    });
  }

  /** @throws MatrixError M_NOT_FOUND, and what `parseActions` throws */
  async setActions(owner: RuleOwner, kind: RuleKind, ruleId: string, value: Json | undefined): Promise<void> {
    const actions = parseActions(value);
    await this.#change(owner.userNid, async tx => {
      await mustExist(tx, owner.userNid, kind, ruleId);
      await checkUsage(tx, owner.userNid, kind, ruleId, JSON.stringify(actions).length);
      await writeActions(tx, owner.userNid, kind, ruleId, actions);
    });
  }

  /**
   * When a room is replaced by another and the user joins that: the user's rule for the old room is copied to the new
   * one, unless the user has one there already. The specification is silent; clients and Complement expect it.
   */
  async carryToRoom(tx: Tx, userNid: number, oldRoom: string, newRoom: string): Promise<void> {
    const stored = (await storedRulesOf(tx, [userNid])).get(userNid) ?? [];
    const old = stored.find(rule => rule.kind === 'room' && rule.ruleId === oldRoom);
    if (old === undefined || stored.some(rule => rule.kind === 'room' && rule.ruleId === newRoom)) return;
    await this.#record(tx, userNid);
    await writeRule(tx, userNid, 'room', newRoom, await firstRank(tx, userNid, 'room'), { actions: old.actions ?? [] });
    if (old.enabled === false) await writeEnabled(tx, userNid, 'room', newRoom, false);
  }

  async #change(userNid: number, work: (tx: Tx) => Promise<void>): Promise<void> {
    await this.#db.tx(async tx => {
      // First, because it locks the user's row: two changes of one user's rules run one after the other.
      await this.#record(tx, userNid);
      await work(tx);
    });
  }

  async #record(tx: Tx, userNid: number): Promise<void> {
    await setRulesetPosition(tx, userNid, await nextUserPos(tx, this.#bus, userNid));
    tx.afterCommit(() => this.#bus.publish(PUSH_RULES_SUBJECT, String(userNid)));
  }
}

function noSuchRule(): MatrixError {
  return notFound('There is no such push rule.');
}

async function mustExist(db: Queryable, userNid: number, kind: RuleKind, ruleId: string): Promise<void> {
  if (findDefaultRule(kind, ruleId) !== undefined) return;
  if ((await rankOf(db, userNid, kind, ruleId)) === undefined) throw noSuchRule();
}

async function checkUsage(db: Queryable, userNid: number, kind: RuleKind, ruleId: string, size: number): Promise<void> {
  const others = await ruleUsage(db, userNid, kind, ruleId);
  if (others.rules >= RULE_LIMITS.rules) throw tooLarge(`A user may have ${RULE_LIMITS.rules} push rules.`);
  if (others.size + size > RULE_LIMITS.size) throw tooLarge('Your push rules take up too much room.');
}

async function setRule(
  tx: Tx,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
  input: RuleInput,
  place: RulePlace,
): Promise<void> {
  await checkUsage(tx, userNid, kind, ruleId, JSON.stringify(input).length);
  const rank = await rankFor(tx, userNid, kind, ruleId, place);
  await writeRule(tx, userNid, kind, ruleId, rank, input);
}

/** `before` counts when both are given (setPushRule). */
async function rankFor(tx: Tx, userNid: number, kind: RuleKind, ruleId: string, place: RulePlace): Promise<number> {
  const before = await neighbour(tx, userNid, kind, ruleId, place.before);
  const after = await neighbour(tx, userNid, kind, ruleId, place.after);
  const rank = before ?? (after === undefined ? undefined : after + 1);
  if (rank === undefined) {
    return (await rankOf(tx, userNid, kind, ruleId)) ?? (await firstRank(tx, userNid, kind));
  }
  await makeRoomAt(tx, userNid, kind, rank);
  return rank;
}

async function neighbour(
  db: Queryable,
  userNid: number,
  kind: RuleKind,
  ruleId: string,
  neighbourId: string | undefined,
): Promise<number | undefined> {
  if (neighbourId === undefined) return undefined;
  if (neighbourId.startsWith('.')) throw invalidParam('A rule cannot be placed next to a default rule of the server.');
  const rank = neighbourId === ruleId ? undefined : await rankOf(db, userNid, kind, neighbourId);
  if (rank === undefined) {
    throw new MatrixError('M_UNKNOWN', `before/after rule not found: ${neighbourId.slice(0, 100)}`, { status: 400 });
  }
  return rank;
}
