import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMilliseconds } from '../../../test/support/cpu-time.ts';
import { ALICE, BOB, CAROL, ruleOf, TestRoom } from '../../../test/support/room-builder.ts';
import type { Json, JsonObject } from '../json.ts';
import { knownRoomVersions } from '../room-versions.ts';
import { creatorOf, isCreator, userLevel } from './power-levels.ts';

const ALL = knownRoomVersions.map(version => version.id);
const BEFORE_12 = ALL.filter(id => id !== '12');

function creation(version: string, content: JsonObject, draft: object = {}): string {
  const room = new TestRoom(version);
  const event = room.make({ type: 'm.room.create', stateKey: '', content, ...draft });
  assert.equal(ruleOf(room.verdictOf(event)), ruleOf(room.independent(event)));
  return ruleOf(room.independent(event));
}

const named = (version: string): JsonObject => ({ creator: ALICE, room_version: version });

test('a create event is allowed', () => {
  for (const version of ALL) assert.equal(creation(version, named(version)), 'ok', version);
});

test('N001 a create event with previous events is rejected', () => {
  for (const version of ALL) {
    const room = new TestRoom(version).standard();
    const second = room.make({ type: 'm.room.create', stateKey: '', content: named(version) });
    assert.equal(ruleOf(room.independent(second)), 'create.prev_events');
  }
});

test('N002 a create event of version 12 that carries a room ID is rejected', () => {
  const content = named('12');
  assert.equal(creation('12', content, { roomId: '!room:one.example' }), 'create.room_id');
  const real = new TestRoom('12').found().roomId;
  assert.equal(creation('12', content, { roomId: real }), 'create.room_id');
});

test('N003 an event of version 12 whose room ID names no accepted create event is rejected', () => {
  const room = new TestRoom('12').standard();
  const good = room.make({ type: 'x' });
  assert.equal(ruleOf(room.independent(good)), 'ok');
  const nowhere = room.make({ type: 'x', roomId: `!${'A'.repeat(43)}` });
  assert.equal(ruleOf(room.independent(nowhere)), 'room_id.create');
  // The room ID names an event, but not a create event.
  const message = room.make({ type: 'x', roomId: `!${good.id.slice(1)}` });
  assert.equal(ruleOf(room.independent(message)), 'room_id.create');
  room.rejected.add(room.create.id);
  assert.equal(ruleOf(room.independent(good)), 'room_id.create');
});

test('N004 until version 11 the room ID must be of the sender’s server', () => {
  for (const version of BEFORE_12) {
    assert.equal(creation(version, named(version), { roomId: '!chosen:two.example' }), 'create.room_id');
    assert.equal(creation(version, named(version), { sender: BOB }), 'create.room_id');
    assert.equal(creation(version, named(version), { roomId: '!chosen:one.example:80' }), 'create.room_id');
  }
});

test('a room version nobody knows is rejected, a missing one is version 1', () => {
  for (const value of ['13', '', '1 ', 12, null, ['12'], '__proto__', 'constructor'] as Json[]) {
    assert.equal(creation('11', { room_version: value }), 'create.room_version', JSON.stringify(value));
  }
  assert.equal(creation('1', { creator: ALICE }), 'ok');
});

test('the creator is named in the content until version 10', () => {
  for (const version of ALL) {
    const expected = Number(version) <= 10 ? 'create.creator' : 'ok';
    assert.equal(creation(version, { room_version: version }), expected, version);
  }
  const room = new TestRoom('10');
  assert.equal(creatorOf(room.found({ creator: BOB })), BOB);
  assert.equal(creatorOf(new TestRoom('11').found({ creator: BOB })), ALICE);
});

test('N005 additional_creators that are no list of user IDs are rejected in version 12', () => {
  const bad: Json[] = [
    null,
    'x',
    ALICE,
    {},
    1,
    [1],
    [null],
    [ALICE, 'bob'],
    [[ALICE]],
    ['@a'],
    [`@${'a'.repeat(255)}:b`],
  ];
  for (const value of bad) {
    assert.equal(
      creation('12', { ...named('12'), additional_creators: value }),
      'create.additional_creators',
      JSON.stringify(value),
    );
    assert.equal(creation('11', { ...named('11'), additional_creators: value }), 'ok');
  }
  for (const value of [[], [BOB], [BOB, BOB, ALICE]]) {
    assert.equal(creation('12', { ...named('12'), additional_creators: value }), 'ok');
  }
});

test('N005 as many additional creators as an event holds cost little', () => {
  const room = new TestRoom('12');
  const many = Array.from({ length: 5000 }, (_, i) => `@${i}:b`);
  room.found({ additional_creators: many });
  room.member(ALICE, 'join');
  const cost = cpuMilliseconds(() => {
    for (let i = 0; i < 100; i++) assert.equal(userLevel(room.lookup, '@nobody:b'), 0);
    assert.equal(userLevel(room.lookup, '@4999:b'), Number.POSITIVE_INFINITY);
  });
  assert.ok(cost < 2000, `${cost} ms`);
  const tooMany = Array.from({ length: 100_000 }, () => '@a:b');
  assert.throws(() => new TestRoom('12').found({ additional_creators: tooMany }), /65536/);
});

test('creators of version 12 outrank every level', () => {
  const room = new TestRoom('12');
  const create = room.found({ additional_creators: [BOB] });
  room.member(ALICE, 'join');
  room.levels({ users: { [CAROL]: 2 ** 53 - 1 }, users_default: 100 });
  for (const user of [ALICE, BOB]) {
    assert.equal(userLevel(room.lookup, user), Number.POSITIVE_INFINITY);
    assert.ok(isCreator(create, user));
  }
  assert.equal(userLevel(room.lookup, CAROL), 2 ** 53 - 1);
  const older = new TestRoom('11');
  const olderCreate = older.found({ additional_creators: [BOB] });
  assert.ok(isCreator(olderCreate, ALICE) && !isCreator(olderCreate, BOB));
});
