import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import { readEvent } from '../event.ts';
import type { EventId } from '../ids.ts';
import { knownRoomVersions, roomVersion } from '../room-versions.ts';
import { authTypesFor } from './auth-types.ts';

const ALL = knownRoomVersions.map(version => version.id);

function room(version: string): TestRoom {
  return new TestRoom(version).standard();
}

test('the auth events of the selection are allowed', () => {
  for (const version of ALL) {
    const made = room(version);
    made.member(BOB, 'join');
    for (const type of ['x', 'm.room.message', 'm.room.power_levels']) {
      assert.equal(ruleOf(made.independent(made.make({ type, sender: BOB }))), 'ok', version);
    }
    const invite = made.make({ type: 'm.room.member', stateKey: CAROL, content: { membership: 'invite' } });
    assert.equal(ruleOf(made.independent(invite)), 'ok');
  }
});

test('N007 a create event among the auth events is rejected in version 12 and demanded before', () => {
  for (const version of ALL) {
    const made = room(version);
    const levels = made.get('m.room.power_levels').id;
    const join = made.get('m.room.member', ALICE).id;
    const withCreate = made.make({ type: 'x', auth: [made.create.id, levels, join] });
    const withoutCreate = made.make({ type: 'x', auth: [levels, join] });
    const implied = version === '12';
    assert.equal(ruleOf(made.independent(withCreate)), implied ? 'auth_events.unexpected' : 'ok', version);
    assert.equal(ruleOf(made.independent(withoutCreate)), implied ? 'ok' : 'auth_events.create', version);
  }
});

test('N008 two auth events under one key are rejected, as is the same one twice', () => {
  for (const version of ALL) {
    const made = room(version);
    const old = made.get('m.room.power_levels');
    made.levels({ users: {} });
    const both = made.make({ type: 'x' });
    const ids = [...both.authIds, old.id];
    assert.equal(ruleOf(made.independent(made.make({ type: 'x', auth: ids }))), 'auth_events.duplicate', version);
    const twice = [...both.authIds, both.authIds[0]!];
    assert.equal(ruleOf(made.independent(made.make({ type: 'x', auth: twice }))), 'auth_events.duplicate', version);
  }
});

test('N009 auth events outside the selection are rejected', () => {
  for (const version of ALL) {
    const made = room(version);
    made.member(BOB, 'join');
    const topic = made.send({ type: 'm.room.topic', stateKey: '' });
    const message = made.send({ type: 'm.room.message' });
    const good = made.make({ type: 'x' }).authIds;
    const others = [topic.id, message.id, made.get('m.room.member', BOB).id, made.get('m.room.join_rules').id];
    for (const other of others) {
      const event = made.make({ type: 'x', auth: [...good, other] });
      assert.equal(ruleOf(made.independent(event)), 'auth_events.unexpected', version);
    }
  }
});

test('N010 a rejected auth event rejects what cites it, and so on', () => {
  for (const version of ALL) {
    const made = room(version);
    const join = made.member(BOB, 'join');
    made.rejected.add(join.id);
    const first = made.send({ type: 'm.room.power_levels', stateKey: '', sender: BOB });
    assert.equal(ruleOf(made.independent(first)), 'auth_events.rejected', version);
    made.rejected.add(first.id);
    const second = made.make({ type: 'x' });
    assert.ok(second.authIds.includes(first.id));
    assert.equal(ruleOf(made.independent(second)), 'auth_events.rejected', version);
  }
});

test('N011 auth events of another room are rejected', () => {
  for (const version of ALL) {
    const made = room(version);
    // The same people and rules, but a room of its own.
    const other = new TestRoom(version, 'other');
    other.found({ mine: true });
    other.member(ALICE, 'join');
    const power = other.levels({ users: { [BOB]: 100 } });
    made.events.set(power.id, power);
    const auth = made.make({ type: 'x' }).authIds.filter(id => id !== made.get('m.room.power_levels').id);
    const event = made.make({ type: 'x', auth: [...auth, power.id] });
    assert.equal(ruleOf(made.independent(event)), 'auth_events.room', version);
  }
});

test('an unknown auth event is rejected', () => {
  const made = room('11');
  const event = made.make({ type: 'x', auth: [...made.make({ type: 'x' }).authIds, `$${'A'.repeat(43)}` as EventId] });
  assert.equal(ruleOf(made.independent(event)), 'auth_events.unknown');
});

test('N052 auth events in a circle, possible with chosen IDs, are judged without going round it', () => {
  for (const version of ['1', '2']) {
    const made = room(version);
    const auth = made.make({ type: 'x' }).authIds.slice(0, 2);
    const ids = ['$a:one.example', '$b:one.example'] as EventId[];
    const cycle = ids.map((id, i) =>
      made.make({
        type: 'm.room.member',
        stateKey: ALICE,
        content: { membership: 'join' },
        id,
        auth: [...auth, ids[1 - i]!],
        prev: [ids[1 - i]!],
      }),
    );
    for (const event of cycle) assert.equal(ruleOf(made.independent(event)), 'ok');
    made.rejected.add(ids[0]!);
    assert.equal(ruleOf(made.independent(cycle[1]!)), 'auth_events.rejected');
  }
});

test('N037 an event is judged by the version it was read with, which must be the create event’s, not by its content', () => {
  const made = room('10');
  const content = { users: { [ALICE]: '100' }, room_version: '9' };
  const event = made.make({ type: 'm.room.power_levels', stateKey: '', content });
  assert.equal(event.version, roomVersion('10'));
  assert.equal(ruleOf(made.verdictOf(event)), 'levels.users');
  // Read by an attacker's choice of version the same event has the same ID and would pass.
  const misread = readEvent(event.pdu, roomVersion('9')!, nodeCrypto);
  assert.equal(ruleOf(made.verdictOf(misread)), 'ok');
});

test('the selection of auth events', () => {
  const types = (version: string, content: object, stateKey = BOB, type = 'm.room.member'): string[] =>
    authTypesFor({ type, stateKey, sender: ALICE, content: content as never }, roomVersion(version)!).map(pair =>
      pair.join(' '),
    );
  const base = ['m.room.create ', 'm.room.power_levels ', `m.room.member ${ALICE}`];
  assert.deepEqual(types('11', {}, '', 'm.room.topic'), base);
  assert.deepEqual(types('12', {}, '', 'm.room.topic'), base.slice(1));
  assert.deepEqual(types('11', {}, '', 'm.room.create'), []);
  assert.deepEqual(types('11', { membership: 'leave' }), [...base, `m.room.member ${BOB}`]);
  for (const membership of ['join', 'invite', 'knock']) {
    assert.deepEqual(types('11', { membership }), [...base, `m.room.member ${BOB}`, 'm.room.join_rules ']);
  }
  assert.deepEqual(types('11', { membership: 'join' }, ALICE), [...base, 'm.room.join_rules ']);
  const invite = { membership: 'invite', third_party_invite: { signed: { token: 'tok' } } };
  assert.ok(types('11', invite).includes('m.room.third_party_invite tok'));
  assert.ok(!types('11', { ...invite, membership: 'join' }).includes('m.room.third_party_invite tok'));
  const restricted = { membership: 'join', join_authorised_via_users_server: CAROL };
  assert.ok(types('8', restricted).includes(`m.room.member ${CAROL}`));
  assert.ok(!types('7', restricted).includes(`m.room.member ${CAROL}`));
});

test('misshapen member content does not upset the selection', () => {
  const bad = [1, null, [], 'x', { signed: 1 }, { signed: { token: 1 } }, { signed: null }];
  for (const value of bad) {
    for (const membership of ['invite', 'join', 1, null]) {
      const content = { membership, third_party_invite: value, join_authorised_via_users_server: value };
      assert.doesNotThrow(() =>
        authTypesFor(
          { type: 'm.room.member', stateKey: BOB, sender: ALICE, content: content as never },
          roomVersion('11')!,
        ),
      );
    }
  }
});
