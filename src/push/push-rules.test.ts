import assert from 'node:assert/strict';
import { testBudget } from '../../test/support/budget.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { PushWorld } from '../../test/support/push.ts';
import { systemClock } from '../base/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { sql } from '../db/sql.ts';
import { userPos, userSubject } from '../rooms/user-log.table.ts';
import { CompiledRulesets } from './compiled-rulesets.ts';
import { PushEvaluator } from './push-evaluator.ts';
import { PushRules, pushRulesChangedSince, pushRulesFor } from './push-rules.ts';

/** All default rules but `.m.rule.master`, which is off. */
const DEFAULTS = 17;
const NOWHERE = { before: undefined, after: undefined };
const content = (pattern: string, ...actions: (string | JsonObject)[]): JsonObject => ({ pattern, actions });

function refuses(errcode: string, status: number) {
  return (error: unknown) => error instanceof MatrixError && error.errcode === errcode && error.status === status;
}

onEachDatabase('push rules: a new user has the default rules, with the own user ID in them', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const { global } = await pushRulesFor(db, bob.userNid, bob.userId);
  assert.deepEqual(
    global.override.map(rule => rule.rule_id.slice('.m.rule.'.length)),
    [
      'master',
      'suppress_notices',
      'invite_for_me',
      'member_event',
      'is_user_mention',
      'contains_display_name',
      'is_room_mention',
      'roomnotif',
      'tombstone',
      'reaction',
      'room.server_acl',
      'suppress_edits',
    ],
  );
  assert.deepEqual(
    global.underride.map(rule => rule.rule_id.slice('.m.rule.'.length)),
    ['call', 'encrypted_room_one_to_one', 'room_one_to_one', 'message', 'encrypted'],
  );
  assert.deepEqual([global.room, global.sender], [[], []]);
  const [userName, ...others] = global.content;
  assert.deepEqual([userName?.rule_id, userName?.pattern, others], ['.m.rule.contains_user_name', 'bob', []]);
  assert.equal(userName?.conditions, undefined);
  assert.deepEqual(global.override[5]?.conditions, [{ kind: 'contains_display_name' }]);
  assert.equal(global.override[2]?.conditions?.[2]?.pattern, bob.userId);
  assert.equal(global.override[4]?.conditions?.[0]?.value, bob.userId);
  assert.equal(await pushRulesChangedSince(db, bob.userNid, 0), false);
});

onEachDatabase('push rules: order, places and changes', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const set = (ruleId: string, before?: string, after?: string) =>
    world.pushRules.set(bob, 'content', ruleId, content(ruleId, 'notify'), { before, after });
  const order = async () =>
    (await world.pushRules.ruleset(bob)).content.flatMap(rule => (rule.default ? [] : rule.rule_id)).join(' ');
  for (const name of ['a', 'b', 'c']) await set(name);
  assert.equal(await order(), 'c b a', 'a new rule is the most important one');
  await set('x', 'a');
  assert.equal(await order(), 'c b x a');
  await set('y', undefined, 'c');
  assert.equal(await order(), 'c y b x a');
  await set('z', 'b', 'a');
  assert.equal(await order(), 'c y z b x a', 'before counts when both are given');
  await set('a', 'c');
  assert.equal(await order(), 'a c y z b x', 'a rule can be moved');
  await world.pushRules.set(bob, 'content', 'y', content('other'), NOWHERE);
  assert.equal(await order(), 'a c y z b x', 'a change without a place leaves a rule where it is');
  assert.equal((await world.pushRules.rule(bob, 'content', 'y')).pattern, 'other');
  await world.pushRules.delete(bob, 'content', 'y');
  assert.equal(await order(), 'a c z b x');
  await assert.rejects(set('n', 'nobody'), refuses('M_UNKNOWN', 400));
  await assert.rejects(set('n', undefined, 'n'), refuses('M_UNKNOWN', 400));
  await assert.rejects(set('n', '.m.rule.master'), refuses('M_INVALID_PARAM', 400));
});

onEachDatabase('push rules: own override rules stand between master and the other default rules', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushRules.set(bob, 'override', 'mine', { actions: [] }, NOWHERE);
  await world.pushRules.set(bob, 'underride', 'low', { actions: [] }, NOWHERE);
  const { override, underride } = await world.pushRules.ruleset(bob);
  assert.deepEqual(
    override.slice(0, 3).map(rule => rule.rule_id),
    ['.m.rule.master', 'mine', '.m.rule.suppress_notices'],
  );
  assert.deepEqual(override[1], { rule_id: 'mine', default: false, enabled: true, actions: [], conditions: [] });
  assert.equal(underride[0]?.rule_id, 'low');
});

onEachDatabase('push rules: enabled and actions of own and default rules', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const { pushRules } = world;
  await pushRules.set(bob, 'room', '!r:a.example', { actions: ['dont_notify'] }, NOWHERE);
  assert.deepEqual(await pushRules.rule(bob, 'room', '!r:a.example'), {
    rule_id: '!r:a.example',
    default: false,
    enabled: true,
    actions: ['dont_notify'],
  });
  await pushRules.setEnabled(bob, 'room', '!r:a.example', false);
  await pushRules.set(bob, 'room', '!r:a.example', { actions: ['notify'] }, NOWHERE);
  assert.equal((await pushRules.rule(bob, 'room', '!r:a.example')).enabled, false, 'a change does not enable a rule');
  await pushRules.delete(bob, 'room', '!r:a.example');
  await pushRules.set(bob, 'room', '!r:a.example', { actions: ['notify'] }, NOWHERE);
  assert.equal((await pushRules.rule(bob, 'room', '!r:a.example')).enabled, true, 'a new rule is enabled');

  await pushRules.setEnabled(bob, 'override', '.m.rule.master', true);
  await pushRules.setActions(bob, 'underride', '.m.rule.message', [{ set_tweak: 'highlight' }]);
  await pushRules.setEnabled(bob, 'underride', '.m.rule.message', false);
  const { override, underride } = await pushRules.ruleset(bob);
  assert.deepEqual([override[0]?.rule_id, override[0]?.enabled, override[0]?.default], ['.m.rule.master', true, true]);
  const message = underride.find(rule => rule.rule_id === '.m.rule.message');
  assert.deepEqual([message?.enabled, message?.actions], [false, [{ set_tweak: 'highlight' }]]);

  await assert.rejects(pushRules.setEnabled(bob, 'content', 'none', true), refuses('M_NOT_FOUND', 404));
  await assert.rejects(pushRules.setActions(bob, 'override', '.m.rule.message', []), refuses('M_NOT_FOUND', 404));
  await assert.rejects(pushRules.delete(bob, 'content', 'none'), refuses('M_NOT_FOUND', 404));
  await assert.rejects(pushRules.delete(bob, 'override', '.m.rule.master'), refuses('M_INVALID_PARAM', 400));
  assert.equal((await pushRules.rule(bob, 'override', '.m.rule.master')).enabled, true);
});

onEachDatabase('push rules: every change takes a position in the user log and wakes who waits', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const alice = await world.user('alice');
  let woken = 0;
  world.bus.subscribe(userSubject(bob.userNid), () => woken++);
  const changes = [
    () => world.pushRules.set(bob, 'content', 'a', content('a'), NOWHERE),
    () => world.pushRules.setEnabled(bob, 'content', 'a', false),
    () => world.pushRules.setActions(bob, 'content', 'a', ['notify']),
    () => world.pushRules.delete(bob, 'content', 'a'),
  ];
  for (const change of changes) {
    const before = await userPos(db, bob.userNid);
    await change();
    assert.equal(await userPos(db, bob.userNid), before + 1);
    assert.ok(await pushRulesChangedSince(db, bob.userNid, before));
    assert.ok(!(await pushRulesChangedSince(db, bob.userNid, before + 1)));
  }
  await assert.rejects(world.pushRules.delete(bob, 'content', 'a'));
  assert.equal(await userPos(db, bob.userNid), 4, 'a refused change takes none');
  assert.equal(woken, 4);
  assert.equal(await pushRulesChangedSince(db, alice.userNid, 0), false);
});

onEachDatabase('push rules: what is no rule is refused', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const set = (kind: 'content' | 'override' | 'room', ruleId: string, body: JsonObject) =>
    world.pushRules.set(bob, kind, ruleId, body, NOWHERE);
  for (const ruleId of ['.mine', 'a/b', 'a\\b', ''])
    await assert.rejects(set('room', ruleId, { actions: [] }), refuses('M_INVALID_PARAM', 400));
  await assert.rejects(set('room', 'x', {}), refuses('M_MISSING_PARAM', 400));
  await assert.rejects(set('room', 'x', { actions: 'notify' }), refuses('M_BAD_JSON', 400));
  await assert.rejects(set('room', 'x', { actions: ['shout'] }), refuses('M_INVALID_PARAM', 400));
  await assert.rejects(set('content', 'x', { actions: [] }), refuses('M_MISSING_PARAM', 400));
  await assert.rejects(set('content', 'x', { actions: [], pattern: 1 }), refuses('M_BAD_JSON', 400));
  await assert.rejects(set('override', 'x', { actions: [], conditions: [{}] }), refuses('M_INVALID_PARAM', 400));
  assert.deepEqual((await world.pushRules.ruleset(bob)).room, []);
});

onEachDatabase('N149: rules, patterns and names are bounded', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const set = (ruleId: string, body: JsonObject) => world.pushRules.set(bob, 'content', ruleId, body, NOWHERE);
  const tooLarge = refuses('M_TOO_LARGE', 413);
  await assert.rejects(set('x', content('a'.repeat(65_536))), tooLarge);
  await assert.rejects(set('x', content('a'.repeat(257))), tooLarge);
  await assert.rejects(set('x'.repeat(513), content('a')), tooLarge);
  await assert.rejects(
    set('x', { pattern: 'a', actions: [{ set_tweak: 'sound', value: 'x'.repeat(9000) }] }),
    tooLarge,
  );
  const conditions = Array.from({ length: 21 }, () => ({ kind: 'event_match', key: 'type', pattern: '*' }));
  await assert.rejects(world.pushRules.set(bob, 'override', 'x', { actions: [], conditions }, NOWHERE), tooLarge);
  await db.tx(async tx => {
    const rows = Array.from({ length: 1000 }, (_, at) => [bob.userNid, 'content', `r${at}`, at, 1, '[]', 'x']);
    await tx.run(
      sql`insert into push_rule (user_nid, kind, rule_id, rank, enabled, actions, pattern) values ${sql.rows(rows)}`,
    );
  });
  await assert.rejects(set('one-more', content('a')), tooLarge);
  await set('r5', content('changed'));
  assert.equal((await world.pushRules.rule(bob, 'content', 'r5')).pattern, 'changed', 'a full set can be changed');
});

onEachDatabase('push rules: a broken row silences no other', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushRules.set(bob, 'content', 'good', content('tea', 'notify'), NOWHERE);
  await db.run(sql`insert into push_rule (user_nid, kind, rule_id, enabled, actions, pattern)
    values (${bob.userNid}, 'content', 'broken', 1, '[', 'x'), (${bob.userNid}, 'strange', 'kind', 1, '[]', 'x')`);
  assert.deepEqual(
    (await world.pushRules.ruleset(bob)).content.map(rule => rule.rule_id),
    ['good', '.m.rule.contains_user_name'],
  );
});

onEachDatabase('push rules: a rule follows its room to the next one', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  await world.pushRules.set(bob, 'room', '!old:a.example', { actions: ['notify'] }, NOWHERE);
  await world.pushRules.setEnabled(bob, 'room', '!old:a.example', false);
  const before = await userPos(db, bob.userNid);
  await db.tx(tx => world.pushRules.carryToRoom(tx, bob.userNid, '!old:a.example', '!new:a.example'));
  await db.tx(tx => world.pushRules.carryToRoom(tx, bob.userNid, '!none:a.example', '!other:a.example'));
  const { room } = await world.pushRules.ruleset(bob);
  assert.deepEqual(
    room.map(rule => [rule.rule_id, rule.enabled]),
    [
      ['!new:a.example', false],
      ['!old:a.example', false],
    ],
  );
  assert.equal(await userPos(db, bob.userNid), before + 1);
});

onEachDatabase('evaluation: members, invitations, and rules that change under way', async db => {
  const world = new PushWorld(db);
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(name => world.user(name)));
  assert.ok(alice && bob && carol);
  using rulesets = new CompiledRulesets({ bus: world.bus, clock: systemClock, budget: testBudget() });
  const evaluator = new PushEvaluator(rulesets);
  const member = (user: typeof alice) => ({ userNid: user.userNid, userId: user.userId, displayName: 'Name' });
  const room = {
    memberCount: 3,
    senderLevel: () => 100,
    notificationLevel: () => 50,
    joinedLocal: [alice, bob, carol].map(member),
  };
  const message = {
    type: 'm.room.message',
    sender: alice.userId,
    roomId: '!r:a.example',
    content: { body: 'time for tea' },
  };
  const notified = async () => await evaluator.evaluateForMembers(db, message, room);

  const plain = { highlight: false, actions: '["notify"]' };
  assert.deepEqual(await notified(), [
    { userNid: bob.userNid, ...plain },
    { userNid: carol.userNid, ...plain },
  ]);
  await world.pushRules.set(bob, 'content', 'tea', content('tea', 'notify', { set_tweak: 'highlight' }), NOWHERE);
  await world.pushRules.set(carol, 'room', '!r:a.example', { actions: [] }, NOWHERE);
  assert.deepEqual(await notified(), [
    { userNid: bob.userNid, highlight: true, actions: '["notify",{"set_tweak":"highlight"}]' },
  ]);
  assert.deepEqual(await db.tx(tx => evaluator.evaluateForMembers(tx, message, room)), await notified());
  await world.pushRules.setEnabled(bob, 'override', '.m.rule.master', true);
  assert.deepEqual(await notified(), []);
  assert.ok(rulesets.stats.hits > 0);

  const dave = await world.user('dave');
  const invite = {
    type: 'm.room.member',
    sender: alice.userId,
    roomId: '!r:a.example',
    content: { membership: 'invite' },
    stateKey: dave.userId,
  };
  const invited = await evaluator.evaluateForMembers(db, invite, { ...room, invitedLocal: member(dave) });
  assert.deepEqual(invited, [
    { userNid: dave.userNid, highlight: false, actions: '["notify",{"set_tweak":"sound","value":"default"}]' },
  ]);
});

onEachDatabase(
  'evaluation: rules that another process changed are read again, also when its hint was lost',
  async db => {
    const [here, there] = twoBuses();
    const world = new PushWorld(db);
    const bob = await world.user('bob');
    using rulesets = new CompiledRulesets({ bus: there, clock: systemClock, budget: testBudget() });
    const elsewhere = new PushRules({ db, bus: here });
    const rules = async () => (await rulesets.of(db, [bob.userNid])).get(bob.userNid)?.rules.length;
    assert.equal(await rules(), DEFAULTS);
    await elsewhere.set(bob, 'content', 'tea', content('tea'), NOWHERE);
    await heard();
    assert.equal(await rules(), DEFAULTS + 1);
    there.isCut = true;
    await elsewhere.set(bob, 'content', 'coffee', content('coffee'), NOWHERE);
    await heard();
    assert.equal(await rules(), DEFAULTS + 1);
    there.tellMissed();
    assert.equal(await rules(), DEFAULTS + 2);
  },
);

onEachDatabase('evaluation: a lost hint delays a change by no more than a minute', async db => {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const nothing = () => ({ [Symbol.dispose]() {} });
  const deaf = { isShared: true, publish() {}, subscribe: nothing, missed: nothing };
  using rulesets = new CompiledRulesets({ bus: deaf, clock, budget: testBudget() });
  const rules = async () => (await rulesets.of(db, [bob.userNid])).get(bob.userNid)?.rules.length;
  assert.equal(await rules(), DEFAULTS);
  await world.pushRules.set(bob, 'content', 'tea', content('tea'), NOWHERE);
  now = 59_000;
  assert.equal(await rules(), DEFAULTS);
  now = 61_000;
  assert.equal(await rules(), DEFAULTS + 1);
});
