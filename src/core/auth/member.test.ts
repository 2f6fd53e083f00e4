import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALICE, BOB, CAROL, type Draft, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import type { Json, JsonObject } from '../json.ts';
import { knownRoomVersions } from '../room-versions.ts';
import { stateKeyString } from '../state-key.ts';

const ALL = knownRoomVersions.map(version => version.id);

function change(sender: string, membership: Json, target = sender, extra: JsonObject = {}): Draft {
  return { type: 'm.room.member', sender, stateKey: target, content: { membership, ...extra } };
}

/** A room with Alice at 100, Bob joined, and Carol with the given membership. */
function room(version: string, rule = 'public', carol?: string, users: JsonObject = {}): TestRoom {
  const made = new TestRoom(version).standard(users);
  made.member(BOB, 'join');
  if (carol !== undefined) made.member(carol === 'join' ? CAROL : ALICE, carol, CAROL);
  made.joinRule(rule);
  return made;
}

test('the creator joins first, and only right after the create event', () => {
  for (const version of ALL) {
    const made = new TestRoom(version);
    const create = made.found();
    assert.equal(ruleOf(made.verdict(change(ALICE, 'join'))), 'ok');
    assert.equal(ruleOf(made.verdict(change(BOB, 'join'))), 'member.join.invite');
    assert.equal(ruleOf(made.verdict({ ...change(ALICE, 'join'), prev: [] })), 'member.join.invite');
    const message = made.make({ type: 'x' });
    assert.equal(ruleOf(made.verdict({ ...change(ALICE, 'join'), prev: [message.id] })), 'member.join.invite');
    assert.equal(
      ruleOf(made.verdict({ ...change(ALICE, 'join'), prev: [create.id, message.id] })),
      'member.join.invite',
    );
  }
});

test('before version 11 the creator of the content joins first', () => {
  const made = new TestRoom('10');
  made.found({ creator: BOB });
  assert.equal(ruleOf(made.verdict(change(ALICE, 'join'))), 'member.join.invite');
  assert.equal(ruleOf(made.verdict(change(BOB, 'join'))), 'ok');
});

test('N019 nobody joins in the name of another', () => {
  for (const version of ALL) {
    for (const rule of ['public', 'invite', 'restricted', 'knock']) {
      const made = room(version, rule, 'invite');
      assert.equal(ruleOf(made.verdict(change(ALICE, 'join', CAROL))), 'member.join.other', `${version} ${rule}`);
    }
  }
});

test('N020 banned users do not join, and nobody without invite joins an invite-only room', () => {
  for (const version of ALL) {
    for (const rule of ['public', 'invite', 'knock', 'restricted', 'knock_restricted']) {
      assert.equal(ruleOf(room(version, rule, 'ban').verdict(change(CAROL, 'join'))), 'member.join.banned');
    }
    assert.equal(ruleOf(room(version, 'public').verdict(change(CAROL, 'join'))), 'ok');
    assert.equal(ruleOf(room(version, 'invite').verdict(change(CAROL, 'join'))), 'member.join.invite');
    assert.equal(ruleOf(room(version, 'invite', 'leave').verdict(change(CAROL, 'join'))), 'member.join.invite');
    for (const carol of ['invite', 'join']) {
      if (carol === 'join') {
        const made = room(version, 'public', 'join');
        made.joinRule('invite');
        assert.equal(ruleOf(made.verdict(change(CAROL, 'join', CAROL, { displayname: 'C' }))), 'ok');
      } else assert.equal(ruleOf(room(version, 'invite', carol).verdict(change(CAROL, 'join'))), 'ok');
    }
    for (const rule of ['private', 'nonsense', '__proto__']) {
      assert.equal(ruleOf(room(version, rule, 'invite').verdict(change(CAROL, 'join'))), 'member.join.rule');
    }
  }
});

test('N020 knocking: only from version 7 on, only where the rule says so, not when inside or banned', () => {
  for (const version of ALL) {
    const number = Number(version);
    const knock = change(CAROL, 'knock');
    assert.equal(ruleOf(room(version, 'knock').verdict(knock)), number >= 7 ? 'ok' : 'member.unknown', version);
    const both = room(version, 'knock_restricted').verdict(knock);
    assert.equal(ruleOf(both), number >= 10 ? 'ok' : number >= 7 ? 'member.knock.rule' : 'member.unknown', version);
    if (number < 7) continue;
    for (const rule of ['public', 'invite', 'restricted', 'private']) {
      assert.equal(ruleOf(room(version, rule).verdict(knock)), 'member.knock.rule');
    }
    assert.equal(ruleOf(room(version, 'knock').verdict(change(BOB, 'knock', CAROL))), 'member.knock.other');
    for (const carol of ['ban', 'invite']) {
      assert.equal(ruleOf(room(version, 'knock', carol).verdict(knock)), 'member.knock.membership');
    }
    assert.equal(ruleOf(room(version, 'knock').verdict(change(BOB, 'knock'))), 'member.knock.membership');
    // Who knocked may let it be, knock again, or be invited and join.
    const knocked = room(version, 'knock');
    knocked.member(CAROL, 'knock');
    assert.equal(ruleOf(knocked.verdict(change(CAROL, 'leave'))), 'ok');
    assert.equal(ruleOf(knocked.verdict(knock)), 'ok');
    assert.equal(ruleOf(knocked.verdict(change(CAROL, 'join'))), 'member.join.invite');
    assert.equal(ruleOf(knocked.verdict(change(BOB, 'invite', CAROL))), 'ok');
  }
});

test('the join rule knock works like invite from version 7 on', () => {
  for (const version of ALL) {
    const expected = Number(version) >= 7 ? 'ok' : 'member.join.rule';
    assert.equal(ruleOf(room(version, 'knock', 'invite').verdict(change(CAROL, 'join'))), expected, version);
  }
});

test('N021 a restricted join needs a joined member who may invite', () => {
  const via = (user: Json): Draft => change(CAROL, 'join', CAROL, { join_authorised_via_users_server: user });
  for (const version of ALL) {
    const number = Number(version);
    for (const [rule, since] of [
      ['restricted', 8],
      ['knock_restricted', 10],
    ] as const) {
      const made = room(version, rule);
      if (number < since) {
        assert.equal(ruleOf(made.verdict(via(ALICE))), 'member.join.rule', `${version} ${rule}`);
        continue;
      }
      assert.equal(ruleOf(made.verdict(via(ALICE))), 'ok', `${version} ${rule}`);
      for (const user of [undefined, null, 1, '', '@nobody:one.example', CAROL, '__proto__'] as Json[]) {
        const draft = user === undefined ? change(CAROL, 'join') : via(user);
        assert.equal(ruleOf(made.verdict(draft)), 'member.join.authoriser', `${version} ${user}`);
      }
      made.levels({ users: number < 12 ? { [ALICE]: 100 } : {}, invite: 50 });
      assert.equal(ruleOf(made.verdict(via(BOB))), 'member.join.authoriser');
      assert.equal(ruleOf(made.verdict(via(ALICE))), 'ok');
      made.member(ALICE, 'invite', CAROL);
      assert.equal(ruleOf(made.verdict(change(CAROL, 'join'))), 'ok');
    }
  }
});

test('invites: by members who may, to those outside', () => {
  for (const version of ALL) {
    const made = room(version, 'invite');
    assert.equal(ruleOf(made.verdict(change(BOB, 'invite', CAROL))), 'ok');
    assert.equal(ruleOf(made.verdict(change(CAROL, 'invite', '@dave:one.example'))), 'member.invite.sender');
    assert.equal(ruleOf(made.verdict(change(ALICE, 'invite', BOB))), 'member.invite.joined');
    assert.equal(
      ruleOf(room(version, 'invite', 'ban').verdict(change(ALICE, 'invite', CAROL))),
      'member.invite.banned',
    );
    made.levels({ users: version === '12' ? {} : { [ALICE]: 100 }, invite: 1 });
    assert.equal(ruleOf(made.verdict(change(BOB, 'invite', CAROL))), 'member.invite.level');
    assert.equal(ruleOf(made.verdict(change(ALICE, 'invite', CAROL))), 'ok');
  }
});

test('leaving: whoever is inside or invited, nobody else', () => {
  for (const version of ALL) {
    assert.equal(ruleOf(room(version).verdict(change(BOB, 'leave'))), 'ok');
    assert.equal(ruleOf(room(version, 'invite', 'invite').verdict(change(CAROL, 'leave'))), 'ok');
    for (const carol of [undefined, 'leave', 'ban']) {
      assert.equal(ruleOf(room(version, 'public', carol).verdict(change(CAROL, 'leave'))), 'member.leave.outside');
    }
    assert.equal(ruleOf(room(version, 'public', 'leave').verdict(change(CAROL, 'leave', BOB))), 'member.leave.sender');
  }
});

test('N023 unbanning needs the ban level, kicking a level above the target’s', () => {
  const moderator = '@mod:one.example';
  for (const version of ALL) {
    const made = room(version, 'public', undefined, { [moderator]: 50, [BOB]: 50 });
    made.member(moderator, 'join');
    made.member(CAROL, 'join');
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', CAROL))), 'ok');
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', BOB))), 'member.kick.level');
    assert.equal(ruleOf(made.verdict(change(moderator, 'ban', BOB))), 'member.ban.level');
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', ALICE))), 'member.kick.level');
    assert.equal(ruleOf(made.verdict(change(CAROL, 'leave', '@dave:one.example'))), 'member.kick.level');
    made.member(ALICE, 'ban', CAROL);
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', CAROL))), 'ok');
    const users = { [moderator]: 50, ...(version === '12' ? {} : { [ALICE]: 100 }) };
    made.levels({ users, ban: 60 });
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', CAROL))), 'member.unban.level');
    made.levels({ users, kick: 60 });
    assert.equal(ruleOf(made.verdict(change(moderator, 'leave', CAROL))), 'member.kick.level');
    assert.equal(ruleOf(made.verdict(change(ALICE, 'leave', CAROL))), 'ok');
  }
});

test('bans: by members above the target who reach the ban level', () => {
  for (const version of ALL) {
    const made = room(version);
    assert.equal(ruleOf(made.verdict(change(ALICE, 'ban', CAROL))), 'ok');
    assert.equal(ruleOf(made.verdict(change(ALICE, 'ban', BOB))), 'ok');
    assert.equal(ruleOf(made.verdict(change(BOB, 'ban', CAROL))), 'member.ban.level');
    assert.equal(ruleOf(made.verdict(change(CAROL, 'ban', BOB))), 'member.ban.sender');
    assert.equal(ruleOf(made.verdict(change(ALICE, 'ban', ALICE))), 'member.ban.level');
  }
});

test('creators of version 12 cannot be kicked or banned, not even by each other', () => {
  const made = new TestRoom('12');
  made.found({ additional_creators: [BOB] });
  made.member(ALICE, 'join');
  made.joinRule('public');
  made.member(BOB, 'join');
  for (const [sender, target] of [
    [ALICE, BOB],
    [BOB, ALICE],
  ] as const) {
    assert.equal(ruleOf(made.verdict(change(sender, 'ban', target))), 'member.ban.level');
    assert.equal(ruleOf(made.verdict(change(sender, 'leave', target))), 'member.kick.level');
  }
});

test('N025 a membership that is missing, no string or unknown is rejected without an exception', () => {
  const odd: Json[] = [null, 3, true, [], {}, ['join'], '', 'JOIN', 'zzz', '__proto__', 'constructor'];
  for (const version of ALL) {
    const made = room(version);
    assert.equal(ruleOf(made.verdict({ type: 'm.room.member', stateKey: ALICE })), 'member.membership');
    assert.equal(ruleOf(made.verdict({ type: 'm.room.member', content: { membership: 'join' } })), 'member.state_key');
    for (const membership of odd) {
      const rule = typeof membership === 'string' ? 'member.unknown' : 'member.membership';
      assert.equal(ruleOf(made.verdict(change(ALICE, membership, BOB))), rule, JSON.stringify(membership));
    }
    // A state that holds such an event is no reason to fail either.
    made.member(BOB, { join: true });
    assert.equal(ruleOf(made.verdict({ type: 'x', sender: BOB })), 'sender.joined');
  }
});

test('N025 whatever stands in content and state, the rules answer', () => {
  const values = fc.oneof(
    fc.constantFrom('join', 'invite', 'leave', 'ban', 'knock', ALICE, BOB),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const keys = fc.constantFrom(
    'membership',
    'third_party_invite',
    'join_authorised_via_users_server',
    'join_rule',
    'users',
    'events',
    'ban',
    'invite',
    '__proto__',
  );
  const content = fc.dictionary(keys, values).map(json => integersOnly(json));
  const types = fc.constantFrom(
    'm.room.member',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.third_party_invite',
    'm.room.aliases',
    'm.room.redaction',
    'x',
  );
  const drafts = fc.record({
    type: types,
    stateKey: fc.constantFrom('', ALICE, BOB, 'odd'),
    sender: fc.constantFrom(ALICE, BOB),
    content,
  });
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.array(drafts, { maxLength: 4 }), drafts, (version, before, draft) => {
      const made = room(version);
      for (const each of before) {
        const event = made.make(each);
        made.state.set(stateKeyString(each.type, each.stateKey), event);
      }
      assert.equal(typeof made.verdict(draft).ok, 'boolean');
    }),
    { numRuns: 500 },
  );
});

function integersOnly(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value), (_, each) =>
    typeof each === 'number' ? Math.trunc(each % 1000) + 0 || 0 : each,
  );
}
