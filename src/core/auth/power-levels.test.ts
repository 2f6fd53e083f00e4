import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import { type Json, type JsonObject, parseJson } from '../json.ts';
import { knownRoomVersions, roomVersion } from '../room-versions.ts';
import { levelOf, namedLevel, notificationLevel, requiredLevel, userLevel } from './power-levels.ts';

const ALL = knownRoomVersions.map(version => version.id);
const BEFORE_10 = ALL.filter(id => Number(id) < 10);
const FROM_10 = ALL.filter(id => Number(id) >= 10);
const BEFORE_12 = ALL.filter(id => id !== '12');

/** Alice and Bob joined, the given levels in force. */
function room(version: string, levels: JsonObject): TestRoom {
  const made = new TestRoom(version).standard();
  made.member(BOB, 'join');
  made.member(CAROL, 'join');
  made.levels(levels);
  return made;
}

function changing(made: TestRoom, content: JsonObject, sender = BOB): string {
  return ruleOf(made.verdict({ type: 'm.room.power_levels', stateKey: '', sender, content }));
}

test('N014 without power levels the creator has 100 and others cannot send state', () => {
  for (const version of ALL) {
    const made = new TestRoom(version);
    made.found();
    made.member(ALICE, 'join');
    made.joinRule('public');
    made.member(BOB, 'join');
    assert.equal(userLevel(made.lookup, ALICE), version === '12' ? Number.POSITIVE_INFINITY : 100);
    assert.equal(userLevel(made.lookup, BOB), 0);
    assert.equal(ruleOf(made.verdict({ type: 'm.room.topic', stateKey: '' })), 'ok');
    assert.equal(ruleOf(made.verdict({ type: 'm.room.topic', stateKey: '', sender: BOB })), 'level');
    assert.equal(changing(made, { users: {} }), 'level');
    assert.equal(ruleOf(made.verdict({ type: 'm.room.message', sender: BOB })), 'ok');
  }
});

test('N015 from version 10 on power levels are integers or the event is rejected', () => {
  const odd: Json[] = ['50', ' 50 ', '+5', 'x', true, null, [1], {}, ''];
  for (const version of FROM_10) {
    const made = room(version, { users: version === '12' ? {} : { [ALICE]: 100 } });
    const own: JsonObject = version === '12' ? {} : { [ALICE]: 100 };
    for (const value of odd) {
      for (const key of ['ban', 'kick', 'redact', 'invite', 'users_default', 'events_default', 'state_default']) {
        assert.equal(
          changing(made, { users: own, [key]: value }, ALICE),
          'levels.form',
          `${key} ${JSON.stringify(value)}`,
        );
      }
      for (const key of ['events', 'notifications']) {
        assert.equal(changing(made, { users: own, [key]: { x: value } }, ALICE), 'levels.form');
      }
      assert.equal(changing(made, { users: { ...own, [BOB]: value } }, ALICE), 'levels.users');
    }
    for (const value of ['x', 1, null, [], true] as Json[]) {
      assert.equal(changing(made, { users: value }, ALICE), 'levels.users');
      assert.equal(changing(made, { users: own, events: value }, ALICE), 'levels.form');
    }
    // What carries no level may be anything.
    assert.equal(changing(made, { users: own, other: '50', nested: [1] }, ALICE), 'ok');
  }
});

test('N015 a float cannot even be read in such a room', () => {
  assert.throws(() => room('10', { ban: 50.5 }));
});

test('N016 until version 9 strings of an integer are levels, with spaces, sign and zeros', () => {
  const read: [Json, number][] = [
    ['50', 50],
    [' 50 ', 50],
    ['\t\n50', 50],
    ['+50', 50],
    ['-50', -50],
    ['00050', 50],
    [' +050 ', 50],
    [true, 1],
    [false, 0],
    [50.57, 50],
    [-50.57, -50],
  ];
  const unread: Json[] = ['', ' ', 'x', '5x', '5.5', '5e1', '0x10', '1_0', '+ 5', '--5', null, [], [5], {}, '\u00a05'];
  for (const version of BEFORE_10.map(id => roomVersion(id)!)) {
    for (const [value, level] of read) assert.equal(levelOf(value, version), level, JSON.stringify(value));
    for (const value of unread) assert.ok(Number.isNaN(levelOf(value, version)), JSON.stringify(value));
  }
  for (const version of FROM_10.map(id => roomVersion(id)!)) {
    for (const [value] of read) assert.ok(Number.isNaN(levelOf(value, version)), JSON.stringify(value));
    assert.equal(levelOf(50, version), 50);
  }
});

test('N016 a room of such levels works, and what is no level at all is rejected', () => {
  for (const version of BEFORE_10) {
    const made = room(version, {
      users: { [ALICE]: '100', [BOB]: ' 50 ' },
      users_default: '10',
      ban: '60',
      events: { 'm.room.topic': '50' },
    });
    assert.equal(userLevel(made.lookup, BOB), 50);
    assert.equal(userLevel(made.lookup, CAROL), 10);
    assert.equal(namedLevel(made.lookup, 'ban'), 60);
    assert.equal(ruleOf(made.verdict({ type: 'm.room.topic', stateKey: '', sender: BOB })), 'ok');
    // Another spelling of the same level is no change.
    assert.equal(
      changing(made, {
        users: { [ALICE]: 100, [BOB]: 50 },
        users_default: 10,
        ban: 60,
        events: { 'm.room.topic': 50 },
      }),
      'ok',
    );
    for (const value of ['x', '', null, [1]] as Json[]) {
      assert.equal(changing(made, { users: { [ALICE]: '100', [BOB]: value } }, ALICE), 'levels.users');
      assert.equal(changing(made, { users: { [ALICE]: '100', [BOB]: ' 50 ' }, ban: value }, ALICE), 'levels.change');
    }
    for (const key of ['users', 'events']) assert.notEqual(changing(made, { [key]: [] }, ALICE), 'ok');
  }
});

test('a level that is nonsense in the state in force lets nobody do anything by it', () => {
  const made = new TestRoom('9');
  made.found();
  made.member(ALICE, 'join');
  made.levels({ users: { [ALICE]: 100 }, ban: 'x', state_default: 'x', users_default: 'x' });
  assert.ok(Number.isNaN(namedLevel(made.lookup, 'ban')));
  const ban = { type: 'm.room.member', stateKey: BOB, content: { membership: 'ban' } };
  assert.equal(ruleOf(made.verdict(ban)), 'member.ban.level');
  assert.equal(ruleOf(made.verdict({ type: 'm.room.topic', stateKey: '' })), 'level');
});

test('N017 a key of users that is no user ID is rejected', () => {
  for (const version of ALL) {
    const own: JsonObject = version === '12' ? {} : { [ALICE]: 100 };
    const made = room(version, { users: own });
    for (const key of [
      'notauser',
      '',
      '@',
      '@a',
      '@a:',
      'a:b',
      '!a:b',
      '@a:b c',
      '@a\0:b',
      '__proto__',
      'constructor',
    ]) {
      const users = parseJson(
        JSON.stringify(own).replace('}', `${version === '12' ? '' : ','}${JSON.stringify(key)}:5}`),
        'strict',
      );
      assert.equal(changing(made, { users }, ALICE), 'levels.users', `${version} ${key}`);
    }
    for (const key of ['@:b', '@Ü:b', '@a:[::1]:80'])
      assert.equal(changing(made, { users: { ...own, [key]: 5 } }, ALICE), 'ok');
  }
});

test('N018 nobody raises above the own level, lowers a peer or moves a threshold above', () => {
  const peer = '@peer:one.example';
  for (const version of ALL) {
    const users: JsonObject = { [BOB]: 50, [peer]: 50, [CAROL]: 25, ...(version === '12' ? {} : { [ALICE]: 100 }) };
    const levels: JsonObject = {
      users,
      ban: 50,
      kick: 60,
      events: { 'm.room.power_levels': 50, a: 60, b: 40 },
      notifications: { room: 60 },
    };
    const made = room(version, levels);
    const tries: [string, JsonObject, string][] = [
      ['nothing', {}, 'ok'],
      ['raise Carol to own', { users: { ...users, [CAROL]: 50 } }, 'ok'],
      ['raise Carol above', { users: { ...users, [CAROL]: 51 } }, 'levels.change'],
      ['raise self', { users: { ...users, [BOB]: 51 } }, 'levels.change'],
      ['lower self', { users: { ...users, [BOB]: 49 } }, 'ok'],
      ['lower peer', { users: { ...users, [peer]: 49 } }, 'levels.peer'],
      ['drop peer', { users: without(users, peer) }, 'levels.peer'],
      ['drop Carol', { users: without(users, CAROL) }, 'ok'],
      ['add at own', { users: { ...users, '@new:b': 50 } }, 'ok'],
      ['add above', { users: { ...users, '@new:b': 51 } }, 'levels.change'],
      ['ban to own', { ban: 40 }, 'ok'],
      ['ban above', { ban: 51 }, 'levels.change'],
      ['kick from above', { kick: 50 }, 'levels.change'],
      ['drop kick', { kick: undefined as unknown as Json }, 'levels.change'],
      ['new redact above', { redact: 51 }, 'levels.change'],
      ['users_default above', { users_default: 51 }, 'levels.change'],
      ['event from above', { events: { 'm.room.power_levels': 50, a: 50, b: 40 } }, 'levels.change'],
      ['event dropped from above', { events: { 'm.room.power_levels': 50, b: 40 } }, 'levels.change'],
      ['event to above', { events: { 'm.room.power_levels': 50, a: 60, b: 51 } }, 'levels.change'],
      ['event below', { events: { 'm.room.power_levels': 50, a: 60, b: 50, c: 50 } }, 'ok'],
      ['notification from above', { notifications: { room: 50 } }, Number(version) >= 6 ? 'levels.change' : 'ok'],
      ['notification to above', { notifications: { room: 60, x: 51 } }, Number(version) >= 6 ? 'levels.change' : 'ok'],
    ];
    for (const [name, change, expected] of tries) {
      const content = JSON.parse(JSON.stringify({ ...levels, ...change })) as JsonObject;
      assert.equal(changing(made, content), expected, `${version}: ${name}`);
    }
    // A user of a higher level cannot be touched either.
    if (version !== '12') assert.equal(changing(made, { ...levels, users: without(users, ALICE) }), 'levels.change');
  }
});

test('N006 creators of version 12 cannot be listed among the users', () => {
  const made = new TestRoom('12');
  made.found({ additional_creators: [BOB] });
  made.member(ALICE, 'join');
  for (const user of [ALICE, BOB]) {
    for (const level of [0, 100]) assert.equal(changing(made, { users: { [user]: level } }, ALICE), 'levels.creator');
  }
  assert.equal(changing(made, { users: { [CAROL]: 100 } }, ALICE), 'ok');
  made.levels({ users: {} });
  assert.equal(changing(made, { users: { [BOB]: 1 } }, ALICE), 'levels.creator');
  for (const version of BEFORE_12) {
    const older = new TestRoom(version);
    older.found({ additional_creators: [BOB] });
    older.member(ALICE, 'join');
    assert.equal(changing(older, { users: { [ALICE]: 100, [BOB]: 100 } }, ALICE), 'ok');
  }
});

test('N047 __proto__ and constructor have the default level', () => {
  for (const version of ALL) {
    const made = room(version, {
      users: version === '12' ? {} : { [ALICE]: 100 },
      users_default: 5,
      events_default: 7,
      state_default: 9,
    });
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(userLevel(made.lookup, name), 5);
      assert.equal(requiredLevel(made.lookup, name, false), 7);
      assert.equal(requiredLevel(made.lookup, name, true), 9);
      assert.equal(notificationLevel(made.lookup, name), 50);
      assert.equal(made.lookup('m.room.member', name), undefined);
      assert.equal(made.lookup(name, ''), undefined);
    }
  }
  const listed = parseJson(
    '{"users":{"__proto__":{"@bob:two.example":100}},"events":{"__proto__":1}}',
    'strict',
  ) as JsonObject;
  const made = new TestRoom('6');
  made.found();
  made.levels(listed);
  assert.equal(userLevel(made.lookup, BOB), 0);
  assert.equal(requiredLevel(made.lookup, '__proto__', false), 1);
});

test('levels have defaults', () => {
  const made = room('11', {});
  const defaults = {
    ban: 50,
    kick: 50,
    redact: 50,
    invite: 0,
    users_default: 0,
    events_default: 0,
    state_default: 50,
  } as const;
  for (const [name, level] of Object.entries(defaults))
    assert.equal(namedLevel(made.lookup, name as keyof typeof defaults), level);
  assert.equal(requiredLevel(made.lookup, 'x', true), 50);
  assert.equal(requiredLevel(made.lookup, 'x', false), 0);
  assert.equal(notificationLevel(made.lookup, 'room'), 50);
  assert.equal(userLevel(made.lookup, ALICE), 0);
  const set = room('11', { users: { [ALICE]: 100 }, events: { x: 7 }, notifications: { room: 3 } });
  assert.equal(requiredLevel(set.lookup, 'x', true), 7);
  assert.equal(notificationLevel(set.lookup, 'room'), 3);
});

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}
