import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../core/json.ts';
import { fieldTree, onlyFields } from './event-fields.ts';

const EVENT = {
  type: 'm.room.message',
  sender: '@alice:one.example',
  content: { body: 'hello', 'm.relates_to': { event_id: '$root', key: 'a' }, 'back\\slash': 1 },
};

test('fields are named with dots between their keys, whole or in part', () => {
  const picked = (...paths: string[]) => onlyFields(EVENT, fieldTree(paths));
  assert.deepEqual(picked('type', 'content.body'), { type: EVENT.type, content: { body: 'hello' } });
  assert.deepEqual(picked('content', 'content.body'), { content: EVENT.content });
  assert.deepEqual(picked('content.m\\.relates_to.key'), { content: { 'm.relates_to': { key: 'a' } } });
  assert.deepEqual(picked('content.back\\\\slash'), { content: { 'back\\slash': 1 } });
});

test('fields that an event does not have are left out, and nothing is all that an empty list leaves', () => {
  const picked = (...paths: string[]) => onlyFields(EVENT, fieldTree(paths));
  assert.deepEqual(picked('content.nothing', 'type.inside', 'sender', ''), { sender: EVENT.sender });
  assert.deepEqual(picked(), {});
});

test('N046 a field of the name __proto__ is a field like any other', () => {
  const event = parseJson('{"content":{"__proto__":{"is_admin":true},"other":1}}', 'lenient') as typeof EVENT;
  const picked = onlyFields(event, fieldTree(['content.__proto__']));
  assert.equal(JSON.stringify(picked), '{"content":{"__proto__":{"is_admin":true}}}');
  assert.equal(Object.hasOwn(Object.prototype, 'is_admin'), false);
});
