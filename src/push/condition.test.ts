import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { compileCondition, faultOfCondition } from './condition.ts';
import { type PushEvent, type PushMember, type PushRoom, PushSubject, parsePropertyPath } from './push-subject.ts';

const ROOM: PushRoom = { memberCount: 3, senderLevel: () => 0, notificationLevel: () => 50 };
const BOB: PushMember = { userNid: 2, userId: '@bob:a.example', displayName: 'Bob (he)' };

function event(content: JsonObject, more: Partial<PushEvent> = {}): PushEvent {
  return { type: 'm.room.message', sender: '@alice:a.example', roomId: '!room:a.example', content, ...more };
}

function holds(
  condition: JsonObject,
  content: JsonObject,
  more: { room?: Partial<PushRoom>; member?: PushMember } = {},
) {
  const subject = new PushSubject(event(content), { ...ROOM, ...more.room });
  return compileCondition(condition).holds(subject, more.member ?? BOB);
}

const match = (key: string, pattern: string): JsonObject => ({ kind: 'event_match', key, pattern });

test('dotted paths: escapes and what is none', () => {
  assert.deepEqual(parsePropertyPath('content.body'), ['content', 'body']);
  assert.deepEqual(parsePropertyPath('content.m\\.relates_to'), ['content', 'm.relates_to']);
  assert.deepEqual(parsePropertyPath('content.m\\\\foo'), ['content', 'm\\foo']);
  assert.deepEqual(parsePropertyPath('content.m\\xfoo'), ['content', 'm\\xfoo']);
  assert.deepEqual(parsePropertyPath('a\\'), ['a\\']);
  assert.deepEqual(parsePropertyPath(''), ['']);
});

test('event_match: the examples of the specification', () => {
  const topic = (value: Json, pattern = 'lunc?*') => holds(match('content.topic', pattern), { topic: value });
  assert.ok(topic('Lunch plans'));
  assert.ok(topic('LUNCH'));
  for (const value of [' lunch', 'lunc', null, 7]) assert.ok(!topic(value));
  assert.ok(!topic(null, '*'));
  assert.ok(!holds(match('content.topic', '*'), {}));
  for (const body of ['An example event.', 'exple', 'An exciting triple-whammy'])
    assert.ok(holds(match('content.body', 'ex*ple'), { body }));
  assert.ok(!holds(match('content.topic', 'ex*ple'), { topic: 'An example event.' }));
});

test('event_property_is: the examples of the specification', () => {
  const federate = (value: Json) =>
    holds({ kind: 'event_property_is', key: 'content.m\\.federate', value: true }, { 'm.federate': value });
  assert.ok(federate(true));
  for (const value of ['true', 1, [true], null]) assert.ok(!federate(value));
  assert.ok(holds({ kind: 'event_property_is', key: 'content.a', value: null }, { a: null }));
  assert.ok(!holds({ kind: 'event_property_is', key: 'content.a', value: null }, {}));
  assert.ok(!holds({ kind: 'event_property_is', key: 'content.a', value: 1.5 }, { a: 1.5 }));
});

test('event_property_contains: the examples of the specification', () => {
  const aliases = (value: string) =>
    holds(
      { kind: 'event_property_contains', key: 'content.alt_aliases', value },
      { alt_aliases: ['#somewhere:example.org', '#myroom:example.com'] },
    );
  assert.ok(aliases('#myroom:example.com'));
  assert.ok(!aliases(':example.com'));
  assert.ok(!holds({ kind: 'event_property_contains', key: 'content.a', value: 'x' }, { a: 'x' }));
  assert.ok(!holds({ kind: 'event_property_contains', key: 'content.a', value: 1 }, { a: ['1', true, {}] }));
});

test('room_member_count: every comparison', () => {
  const counts = (is: Json) =>
    [1, 2, 3].filter(memberCount => holds({ kind: 'room_member_count', is }, {}, { room: { memberCount } }));
  assert.deepEqual(counts('2'), [2]);
  assert.deepEqual(counts('==2'), [2]);
  assert.deepEqual(counts('<2'), [1]);
  assert.deepEqual(counts('>2'), [3]);
  assert.deepEqual(counts('<=2'), [1, 2]);
  assert.deepEqual(counts('>=2'), [2, 3]);
  for (const is of ['', 'two', '=2', '2.0', '!=2', 2, '9'.repeat(20)]) assert.deepEqual(counts(is), []);
});

test('sender_notification_permission asks the room', () => {
  const allowed = (level: number) =>
    holds(
      { kind: 'sender_notification_permission', key: 'room' },
      {},
      { room: { senderLevel: () => level, notificationLevel: key => (key === 'room' ? 20 : 99) } },
    );
  assert.ok(allowed(20));
  assert.ok(!allowed(19));
});

test('contains_display_name looks for the name as it is, between word boundaries', () => {
  const named = (displayName: string | undefined, body: Json) =>
    holds({ kind: 'contains_display_name' }, { body }, { member: { ...BOB, displayName } });
  assert.ok(named('Bob', 'hi bob!'));
  assert.ok(!named('Bob', 'bobby'));
  assert.ok(named('Bob (he)', 'ask Bob (he) again'));
  assert.ok(!named('B*b', 'Bob'));
  assert.ok(!named('.*', 'anything'));
  assert.ok(!named('', 'anything'));
  assert.ok(!named(undefined, 'anything'));
  assert.ok(!named('Bob', 7));
});

test('N150: hostile display names take linear time', () => {
  const names = [
    '(a+)+$',
    'a'.repeat(30_000),
    `${'a'.repeat(30_000)}b`,
    `${'ab'.repeat(15_000)}a`,
    '\\'.repeat(20_000),
    '*?'.repeat(10_000),
  ];
  for (const displayName of names) {
    const almost = displayName.slice(0, -1).repeat(Math.ceil(65_000 / displayName.length));
    const body = `${almost.slice(0, 65_000)}x`;
    const took = cpuMilliseconds(() => {
      holds({ kind: 'contains_display_name' }, { body }, { member: { ...BOB, displayName } });
    });
    assert.ok(took < 400, `${displayName.slice(0, 10)} took ${took} ms`);
  }
});

test('N149: keys that name what prototypes hold find nothing', () => {
  const own = JSON.parse('{"__proto__": {"polluted": "yes"}, "body": "x"}') as JsonObject;
  const keys = [
    '__proto__',
    'content.__proto__.toString',
    'content.constructor.name',
    'content.body.length',
    'content.toString',
  ];
  for (const key of keys) {
    assert.ok(!holds(match(key, '*'), { body: 'x' }), key);
    assert.ok(!holds({ kind: 'event_property_is', key, value: 1 }, { body: 'x' }), key);
  }
  assert.ok(
    holds(match('content.__proto__.polluted', 'yes'), own),
    'an own property of that name is one like any other',
  );
  assert.ok(!holds(match('content.polluted', '*'), own));
});

test('unknown and malformed conditions never match', () => {
  const broken: JsonObject[] = [
    {},
    { kind: 'org.example.new' },
    { kind: 'device', profile_tag: 'x' },
    { kind: 'toString' },
    { kind: 'event_match', key: 'content.body' },
    { kind: 'event_match', pattern: '*' },
    { kind: 'event_property_is', key: 'content.body' },
    { kind: 'event_property_contains', key: 'content.body', value: {} },
    { kind: 'sender_notification_permission' },
  ];
  for (const condition of broken)
    assert.ok(!holds(condition, { body: 'x' }, { room: { senderLevel: () => 100 } }), JSON.stringify(condition));
});

test('what a user sends as a condition is checked', () => {
  assert.equal(faultOfCondition(match('type', 'x')), undefined);
  assert.equal(faultOfCondition({ kind: 'org.example.new' }), undefined, 'kinds of the future are kept');
  assert.equal(faultOfCondition({ kind: 'event_property_is', key: 'a', value: null }), undefined);
  const faults: Json[] = [
    7,
    {},
    { kind: 7 },
    { kind: 'event_match', key: 'a' },
    { kind: 'room_member_count', is: 'x' },
    { kind: 'event_property_is', key: 'a', value: [] },
  ];
  for (const fault of faults) assert.equal(typeof faultOfCondition(fault), 'string', JSON.stringify(fault));
});
