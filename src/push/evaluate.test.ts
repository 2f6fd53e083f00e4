import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import type { JsonObject } from '../core/json.ts';
import { compileRules, evaluate, outcomeOf, UNCHANGED_RULES } from './evaluate.ts';
import { type PushEvent, type PushMember, type PushRoom, PushSubject } from './push-subject.ts';
import type { StoredRule } from './stored-rule.ts';

const BOB: PushMember = { userNid: 2, userId: '@bob:a.example', displayName: 'Bob' };
const ROOM: PushRoom = { memberCount: 3, senderLevel: () => 0, notificationLevel: () => 50 };

function subject(content: JsonObject, more: Partial<PushEvent> = {}, room: Partial<PushRoom> = {}): PushSubject {
  const event = { type: 'm.room.message', sender: '@alice:a.example', roomId: '!room:a.example', content, ...more };
  return new PushSubject(event, { ...ROOM, ...room });
}

function stored(rule: Partial<StoredRule> & Pick<StoredRule, 'kind' | 'ruleId'>): StoredRule {
  const isDefault = rule.ruleId.startsWith('.');
  return {
    isDefault,
    enabled: isDefault ? undefined : true,
    actions: undefined,
    conditions: undefined,
    pattern: undefined,
    ...rule,
  };
}

const text = (body: string): JsonObject => ({ msgtype: 'm.text', body });

function unchanged(what: PushSubject, member = BOB): string {
  const { notify, highlight, sound } = evaluate(UNCHANGED_RULES, what, member);
  return [notify && 'notify', highlight && 'highlight', sound].filter(Boolean).join(' ');
}

test('default rules: what each of them is for', () => {
  assert.equal(unchanged(subject(text('hello'))), 'notify');
  assert.equal(unchanged(subject(text('hello'), {}, { memberCount: 2 })), 'notify default');
  assert.equal(unchanged(subject({ msgtype: 'm.notice', body: 'x' })), '');
  assert.equal(unchanged(subject({}, { type: 'm.room.encrypted' })), 'notify');
  assert.equal(unchanged(subject({}, { type: 'm.room.encrypted' }, { memberCount: 2 })), 'notify default');
  assert.equal(unchanged(subject({}, { type: 'm.call.invite' })), 'notify ring');
  assert.equal(unchanged(subject({}, { type: 'm.reaction' })), '');
  assert.equal(unchanged(subject({}, { type: 'm.room.tombstone', stateKey: '' })), 'notify highlight');
  assert.equal(unchanged(subject({}, { type: 'm.room.tombstone' })), '', 'a tombstone that is no state is none');
  assert.equal(unchanged(subject({}, { type: 'm.room.topic', stateKey: '' })), '');
  assert.equal(unchanged(subject({ ...text('x'), 'm.relates_to': { rel_type: 'm.replace' } })), '');
});

test('default rules: mentions', () => {
  const mentions = (value: JsonObject) => ({ ...text('hey'), 'm.mentions': value });
  assert.equal(unchanged(subject(mentions({ user_ids: ['@x:y', BOB.userId] }))), 'notify highlight default');
  assert.equal(unchanged(subject(mentions({ user_ids: ['@x:y'] }))), 'notify');
  assert.equal(unchanged(subject(mentions({ room: true }))), 'notify', 'the sender may not mention the room');
  assert.equal(unchanged(subject(mentions({ room: true }), {}, { senderLevel: () => 50 })), 'notify highlight');
  assert.equal(unchanged(subject(mentions({ room: 'true' }), {}, { senderLevel: () => 50 })), 'notify');
});

test('default rules: the body is searched for mentions where an event does not say whom it mentions', () => {
  const room = { senderLevel: () => 50 };
  const named = { ...BOB, displayName: 'Robert' };
  assert.equal(unchanged(subject(text('hey Robert!')), named), 'notify highlight default');
  assert.equal(unchanged(subject(text('hey BOB')), named), 'notify highlight default');
  assert.equal(unchanged(subject(text('hey bobby, Roberta')), named), 'notify');
  assert.equal(unchanged(subject(text('@room, hey'), {}, room)), 'notify highlight');
  assert.equal(unchanged(subject(text('@room, hey'))), 'notify', 'the sender may not mention the room');
  for (const mentions of [{}, { user_ids: ['@carol:a.example'] }, null]) {
    const content = { ...text('Robert bob @room'), 'm.mentions': mentions };
    assert.equal(unchanged(subject(content, {}, room), named), 'notify', JSON.stringify(mentions));
  }
  const off = compileRules([stored({ kind: 'content', ruleId: '.m.rule.contains_user_name', enabled: false })]);
  assert.equal(evaluate(off, subject(text('hey bob')), named).highlight, false);
});

test('default rules: invitations and other changes of membership', () => {
  const member = (membership: string, stateKey: string) => subject({ membership }, { type: 'm.room.member', stateKey });
  assert.equal(unchanged(member('invite', BOB.userId)), 'notify default');
  assert.equal(unchanged(member('invite', '@carol:a.example')), '');
  assert.equal(unchanged(member('leave', BOB.userId)), '');
  const starred = { ...BOB, userId: '@*:a.example' };
  assert.equal(unchanged(member('invite', '@carol:a.example'), starred), '', 'a user ID is no glob');
});

test('own events never notify', () => {
  const rules = compileRules([stored({ kind: 'override', ruleId: 'all', actions: ['notify'], conditions: [] })]);
  assert.ok(evaluate(rules, subject(text('x')), BOB).notify);
  assert.ok(!evaluate(rules, subject(text('x'), { sender: BOB.userId }), BOB).notify);
});

test('the answers of one member are not those of another', () => {
  const what = subject({ ...text('x'), 'm.mentions': { user_ids: [BOB.userId] } });
  const carol = { userNid: 3, userId: '@carol:a.example', displayName: 'Carol' };
  assert.equal(unchanged(what), 'notify highlight default');
  assert.equal(unchanged(what, carol), 'notify');
  assert.equal(unchanged(what), 'notify highlight default');
});

test('rules are checked by kind, master first, own ones before default ones', () => {
  const content = stored({
    kind: 'content',
    ruleId: 'tea',
    pattern: 'tea',
    actions: ['notify', { set_tweak: 'sound', value: 'tea' }],
  });
  const room = stored({ kind: 'room', ruleId: '!room:a.example', actions: [] });
  const sender = stored({
    kind: 'sender',
    ruleId: '@alice:a.example',
    actions: ['notify', { set_tweak: 'sound', value: 'sender' }],
  });
  const sound = (rules: StoredRule[], what = subject(text('time for tea'))) => {
    const outcome = evaluate(compileRules(rules), what, BOB);
    return outcome.notify ? (outcome.sound ?? 'notify') : 'silence';
  };
  assert.equal(sound([room, sender, content]), 'tea');
  assert.equal(sound([room, sender]), 'silence');
  assert.equal(sound([sender]), 'sender');
  assert.equal(
    sound([content], subject({ msgtype: 'm.notice', body: 'tea' })),
    'silence',
    'override comes before content',
  );
  const own = stored({
    kind: 'override',
    ruleId: 'mine',
    conditions: [],
    actions: ['notify', { set_tweak: 'sound', value: 'own' }],
  });
  assert.equal(sound([own], subject({ msgtype: 'm.notice', body: 'tea' })), 'own');
  const master = stored({ kind: 'override', ruleId: '.m.rule.master', enabled: true });
  assert.equal(sound([master, own]), 'silence');
  assert.equal(sound([{ ...own, enabled: false }]), 'notify');
  const time = stored({ kind: 'content', ruleId: 'time', pattern: 'time', actions: [] });
  assert.equal(sound([time, content]), 'silence');
  assert.equal(sound([content, time]), 'tea');
});

test('changes to default rules count', () => {
  const off = stored({ kind: 'override', ruleId: '.m.rule.suppress_notices', enabled: false });
  const quiet = stored({ kind: 'underride', ruleId: '.m.rule.message', actions: [] });
  const notice = subject({ msgtype: 'm.notice', body: 'x' });
  assert.ok(evaluate(compileRules([off]), notice, BOB).notify);
  assert.ok(!evaluate(compileRules([off, quiet]), notice, BOB).notify);
});

test('a rule with an unknown condition never matches, one without conditions always', () => {
  const unknown = stored({ kind: 'override', ruleId: 'x', actions: [], conditions: [{ kind: 'org.example' }] });
  const always = stored({ kind: 'override', ruleId: 'y', actions: [], conditions: [] });
  assert.ok(evaluate(compileRules([unknown]), subject(text('x')), BOB).notify);
  assert.ok(!evaluate(compileRules([unknown, always]), subject(text('x')), BOB).notify);
});

test('actions: tweaks and historical ones', () => {
  const {
    json: _,
    actions: __,
    ...outcome
  } = outcomeOf(['notify', { set_tweak: 'highlight' }, { set_tweak: 'sound', value: 'bing' }]);
  assert.deepEqual(outcome, { notify: true, highlight: true, sound: 'bing' });
  assert.equal(outcomeOf([{ set_tweak: 'highlight', value: false }]).highlight, false);
  assert.equal(outcomeOf(['dont_notify']).notify, false);
  assert.equal(outcomeOf(['coalesce']).notify, false);
});

test('N149: 1000 rules against the longest body are evaluated in bounded time', () => {
  const rules = compileRules(
    Array.from({ length: 1000 }, (_, at) =>
      stored({ kind: 'content', ruleId: `r${at}`, pattern: `*a*a*a*a${at}`, actions: [] }),
    ),
  );
  const took = cpuMilliseconds(() => {
    evaluate(rules, subject(text('a'.repeat(60_000))), BOB);
  });
  assert.ok(took < 1000, `took ${took} ms`);
});

test('N149: a thousand patterns are all looked at for an ordinary message', () => {
  const globs = Array.from({ length: 999 }, (_, at) =>
    stored({ kind: 'content', ruleId: `r${at}`, pattern: `x${at}*`, actions: [] }),
  );
  const last = stored({
    kind: 'content',
    ruleId: 'last',
    pattern: 'te?',
    actions: ['notify', { set_tweak: 'sound', value: 'last' }],
  });
  const rules = compileRules([...globs, last]);
  assert.equal(evaluate(rules, subject(text(`time for tea ${'and cake '.repeat(20)}`)), BOB).sound, 'last');
});
