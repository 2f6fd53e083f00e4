import type { Queryable } from '../db/database.ts';
import type { CompiledRulesets } from './compiled-rulesets.ts';
import { evaluate } from './evaluate.ts';
import { type PushEvent, type PushMember, type PushRoom, PushSubject } from './push-subject.ts';

/** A room with those of its members for whom this server evaluates rules. */
export interface NotifiedRoom extends PushRoom {
  /** Joined local users. The sender may be among them: own events never notify. */
  readonly joinedLocal: readonly PushMember[];
  /** The local user whom the event invites, if it does: not a member yet, but told all the same. */
  readonly invitedLocal?: PushMember | undefined;
}

/** A user whom an event notifies. */
export interface Notified {
  readonly userNid: number;
  readonly highlight: boolean;
  /** The actions of the rule that matched, as JSON. */
  readonly actions: string;
}

/** Evaluates events for all local members of a room at once. Called inside the transaction that appends the event. */
export class PushEvaluator {
  readonly #rulesets: CompiledRulesets;

  constructor(rulesets: CompiledRulesets) {
    this.#rulesets = rulesets;
  }

  /** Those whom the event notifies (client-server API, "Push Notifications: Server behaviour"). */
  async evaluateForMembers(db: Queryable, event: PushEvent, room: NotifiedRoom): Promise<readonly Notified[]> {
    const members = membersOf(event, room);
    if (members.length === 0) return [];
    const rulesets = await this.#rulesets.of(
      db,
      members.map(member => member.userNid),
    );
    const subject = new PushSubject(event, room);
    const notified: Notified[] = [];
    for (const member of members) {
      const rules = rulesets.get(member.userNid);
      if (rules === undefined) continue;
      const { notify, highlight, json } = evaluate(rules, subject, member);
      if (notify) notified.push({ userNid: member.userNid, highlight, actions: json });
    }
    return notified;
  }
}

function membersOf(event: PushEvent, room: NotifiedRoom): readonly PushMember[] {
  const members = room.joinedLocal.filter(member => member.userId !== event.sender);
  const invited = room.invitedLocal;
  if (invited === undefined || members.some(member => member.userNid === invited.userNid)) return members;
  return [...members, invited];
}
