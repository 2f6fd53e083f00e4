/**
 * What evaluating one event for all local members of a room costs. Run: node test/bench/push-evaluation.ts
 * Cases: everybody has default rules; every fifth has rules of their own; everybody has 20 keywords.
 */
import { compileRules, evaluate } from '../../src/push/evaluate.ts';
import { type PushMember, PushSubject } from '../../src/push/push-subject.ts';
import type { StoredRule } from '../../src/push/stored-rule.ts';

const BODY =
  'Good morning everybody, has somebody seen the minutes of the last meeting? I think they were in the other room.';
const EVENT = {
  type: 'm.room.message',
  sender: '@sender:a.example',
  roomId: '!room:a.example',
  content: { msgtype: 'm.text', body: BODY },
};
const ROUNDS = 2000;

function keyword(word: string): StoredRule {
  const actions = ['notify', { set_tweak: 'highlight' }];
  return {
    kind: 'content',
    ruleId: word,
    isDefault: false,
    enabled: true,
    actions,
    conditions: undefined,
    pattern: word,
  };
}

const keywords = (count: number) => Array.from({ length: count }, (_, at) => keyword(`keyword${at}`));

function measure(name: string, members: number, rulesOf: (at: number) => StoredRule[]): void {
  const all = Array.from({ length: members }, (_, at) => ({
    member: { userNid: at, userId: `@user${at}:a.example`, displayName: `User ${at}` } satisfies PushMember,
    rules: compileRules(rulesOf(at)),
  }));
  let notified = 0;
  const round = () => {
    const subject = new PushSubject(EVENT, { memberCount: members, senderLevel: () => 0, notificationLevel: () => 50 });
    for (const { member, rules } of all) if (evaluate(rules, subject, member).notify) notified++;
  };
  for (let warm = 0; warm < 200; warm++) round();
  const start = performance.now();
  for (let at = 0; at < ROUNDS; at++) round();
  const micros = ((performance.now() - start) * 1000) / ROUNDS;
  console.log(
    `${name}: ${members} members, ${micros.toFixed(1)} us per event (${notified > 0 ? 'notified' : 'nobody'})`,
  );
}

measure('default rules', 50, () => []);
measure('every fifth has 10 keywords', 50, at => (at % 5 === 0 ? keywords(10) : []));
measure('everybody has 20 keywords', 50, () => keywords(20));
measure('default rules', 1000, () => []);
