import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import type { Json } from '../json.ts';
import { knownRoomVersions } from '../room-versions.ts';
import { checkAuth, lookupOf } from './check.ts';

const ALL = knownRoomVersions.map(version => version.id);

test('only members send, and only what their level allows', () => {
  for (const version of ALL) {
    const room = new TestRoom(version).standard();
    room.member(BOB, 'join');
    room.levels({
      users: { [BOB]: 20, ...(version === '12' ? {} : { [ALICE]: 100 }) },
      events: { a: 20, b: 21 },
      events_default: 20,
    });
    const verdict = (draft: Parameters<TestRoom['verdict']>[0]): string =>
      ruleOf(room.verdict({ sender: BOB, ...draft }));
    assert.equal(verdict({ type: 'm.room.message', sender: CAROL }), 'sender.joined');
    assert.equal(verdict({ type: 'm.room.message' }), 'ok');
    assert.equal(verdict({ type: 'a' }), 'ok');
    assert.equal(verdict({ type: 'a', stateKey: '' }), 'ok');
    assert.equal(verdict({ type: 'b' }), 'level');
    assert.equal(verdict({ type: 'c', stateKey: '' }), 'level');
    assert.equal(verdict({ type: 'a', stateKey: BOB }), 'ok');
    assert.equal(verdict({ type: 'a', stateKey: ALICE }), 'state_key.user');
    assert.equal(verdict({ type: 'a', stateKey: '@' }), 'state_key.user');
    assert.equal(verdict({ type: 'm.room.third_party_invite', stateKey: 'x' }), 'ok');
    room.levels({ invite: 50 });
    assert.equal(verdict({ type: 'm.room.third_party_invite', stateKey: 'x' }), 'third_party_invite.level');
  }
});

test('N026 a room that is not federated is closed to users of other servers', () => {
  for (const version of ALL) {
    const room = new TestRoom(version);
    room.found({ 'm.federate': false });
    room.member(ALICE, 'join');
    room.joinRule('public');
    const join = (user: string): string =>
      ruleOf(room.verdict({ type: 'm.room.member', sender: user, stateKey: user, content: { membership: 'join' } }));
    assert.equal(join(BOB), 'federate');
    assert.equal(join('@dave:one.example'), 'ok');
    assert.equal(join('@dave:one.example:8448'), 'federate');
    for (const open of [true, null, 'false', 0] as Json[]) {
      const other = new TestRoom(version, `open${JSON.stringify(open)}`.replace(/\W/g, ''));
      other.found({ 'm.federate': open });
      other.joinRule('public');
      const draft = { type: 'm.room.member', sender: BOB, stateKey: BOB, content: { membership: 'join' } };
      assert.equal(ruleOf(other.verdict(draft)), 'ok');
    }
  }
});

test('m.room.aliases has its own rule until version 5', () => {
  for (const version of ALL) {
    const room = new TestRoom(version).standard();
    const own = Number(version) <= 5;
    const aliases = (sender: string, stateKey?: string): string =>
      ruleOf(room.verdict({ type: 'm.room.aliases', sender, ...(stateKey === undefined ? {} : { stateKey }) }));
    // Bob is not even in the room.
    assert.equal(aliases(BOB, 'two.example'), own ? 'ok' : 'sender.joined', version);
    assert.equal(aliases(ALICE, 'two.example'), own ? 'aliases.domain' : 'ok', version);
    assert.equal(aliases(ALICE), own ? 'aliases.state_key' : 'ok', version);
    assert.equal(aliases(BOB, ''), own ? 'aliases.domain' : 'sender.joined', version);
  }
});

test('the redact level is a rule in versions 1 and 2 only', () => {
  for (const version of ALL) {
    const room = new TestRoom(version).standard();
    room.member(BOB, 'join');
    const draft = {
      type: 'm.room.redaction',
      sender: BOB,
      extra: { redacts: '$x:one.example' },
      content: { redacts: '$x:one.example' },
    };
    assert.equal(ruleOf(room.verdict(draft)), Number(version) <= 2 ? 'redaction' : 'ok', version);
  }
});

test('a state without create event allows nothing but creation', () => {
  for (const version of ALL) {
    const room = new TestRoom(version).standard();
    assert.equal(ruleOf(checkAuth(room.make({ type: 'x' }), lookupOf([]))), 'create.missing');
    assert.equal(ruleOf(checkAuth(room.create, lookupOf([]))), 'ok');
  }
});
