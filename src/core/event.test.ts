import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ALICE, TestRoom } from '../../test/support/room-builder.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import { EventError, eventSize, loadEvent, readEvent, redactedEvent, redactsOf } from './event.ts';
import { contentHashMatches, createIdOfRoom } from './hashes.ts';
import { isHashId } from './ids.ts';
import { type Json, type JsonObject, parseJson } from './json.ts';
import { knownRoomVersions, roomVersion } from './room-versions.ts';

const V11 = roomVersion('11')!;

function errorOf(json: Json, version = V11): string {
  try {
    readEvent(json, version, nodeCrypto);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof EventError, String(error));
    return error.errcode;
  }
}

function message(version: string, body: Json = 'hello', extra: JsonObject = {}): JsonObject {
  const room = new TestRoom(version).standard();
  return room.pdu({ type: 'm.room.message', content: { body }, extra });
}

/** A message whose canonical JSON has exactly `size` bytes, `unit` filling it. */
function messageOfSize(version: string, size: number, unit = 'x'): JsonObject {
  const bare = eventSize(message(version, ''), roomVersion(version)!);
  const room = new TestRoom(version).standard();
  const bytes = new TextEncoder().encode(unit).length;
  const body = unit.repeat(Math.floor((size - bare) / bytes)) + 'x'.repeat((size - bare) % bytes);
  return room.pdu({ type: 'm.room.message', content: { body } });
}

test('an event can be read in every room version', () => {
  for (const version of knownRoomVersions) {
    const room = new TestRoom(version.id).standard();
    const event = room.make({ type: 'm.room.message', content: { body: 'x' } });
    assert.equal(event.sender, ALICE);
    assert.equal(event.stateKey, undefined);
    assert.deepEqual(event.prevIds, [room.get('m.room.join_rules').id]);
    assert.ok(event.authIds.every(id => room.events.has(id)));
    assert.equal(isHashId(event.id, '$'), version.eventIds !== 'chosen');
    assert.equal(event.roomId, room.roomId);
    assert.deepEqual(loadEvent(event.id, event.roomId, event.pdu, version), event);
  }
});

test('the room ID of a version 12 room is the hash of its create event', () => {
  const room = new TestRoom('12');
  const create = room.found();
  assert.equal(create.roomId, `!${create.id.slice(1)}`);
  assert.equal(createIdOfRoom(create.roomId), create.id);
  const pdu = room.pdu({ type: 'x', roomId: '!room:one.example' });
  assert.equal(errorOf(pdu, room.version), 'M_BAD_JSON');
  assert.equal(errorOf(new TestRoom('11').pdu({ type: 'x', roomId: create.roomId })), 'M_BAD_JSON');
});

test('missing and misshapen fields are refused', () => {
  const good = message('11');
  assert.equal(errorOf(good), 'ok');
  for (const key of [
    'type',
    'sender',
    'room_id',
    'content',
    'depth',
    'origin_server_ts',
    'prev_events',
    'auth_events',
    'hashes',
    'signatures',
  ]) {
    const without = { ...good };
    delete without[key];
    assert.equal(errorOf(without), 'M_BAD_JSON', key);
    for (const value of [null, true, [1], 1.5, { a: 1 }, 'x']) {
      if (typeof value === typeof good[key] && Array.isArray(value) === Array.isArray(good[key])) continue;
      assert.equal(errorOf({ ...good, [key]: value as Json }), 'M_BAD_JSON', `${key} ${JSON.stringify(value)}`);
    }
  }
  for (const json of [null, 1, 'x', [], [good]] as Json[]) assert.equal(errorOf(json), 'M_BAD_JSON');
  for (const extra of [
    { state_key: 1 },
    { state_key: null },
    { unsigned: 1 },
    { sender: 'alice' },
    { sender: '@a' },
  ] as JsonObject[]) {
    assert.equal(errorOf({ ...good, ...extra }), 'M_BAD_JSON', JSON.stringify(extra));
  }
});

test('a chosen event ID names the server that has to sign the event too', () => {
  for (const version of ['1', '2'])
    for (const id of ['$', 'a:one.example', '$without', '$opaque:one.example', '$:one.example'])
      assert.equal(
        errorOf(new TestRoom(version).pdu({ type: 'x', id }), roomVersion(version)),
        id.startsWith('$') && id.includes(':') ? 'ok' : 'M_BAD_JSON',
        id,
      );
});

test('references have the form of their room version', () => {
  const old = message('1');
  const recent = message('11');
  assert.equal(errorOf({ ...old, prev_events: ['$a:b'] }, roomVersion('1')), 'M_BAD_JSON');
  assert.equal(errorOf({ ...old, prev_events: [['$a:b', {}, 1]] }, roomVersion('1')), 'M_BAD_JSON');
  assert.equal(errorOf({ ...old, prev_events: [['$a:b', { sha256: 'x' }]] }, roomVersion('1')), 'ok');
  assert.equal(errorOf({ ...recent, prev_events: [['$a:b', { sha256: 'x' }]] }), 'M_BAD_JSON');
  assert.equal(errorOf({ ...recent, auth_events: ['a'] }), 'M_BAD_JSON');
});

test('N038 an event of 65,537 bytes is refused', () => {
  assert.equal(errorOf(messageOfSize('11', 65_537)), 'M_TOO_LARGE');
  assert.equal(errorOf(messageOfSize('11', 65_537, 'é')), 'M_TOO_LARGE');
  assert.equal(errorOf(messageOfSize('1', 65_537), roomVersion('1')), 'M_TOO_LARGE');
  // The signatures count.
  const signed = { ...messageOfSize('11', 65_500), signatures: { 'one.example': { 'ed25519:1': 'x'.repeat(86) } } };
  assert.equal(errorOf(signed), 'M_TOO_LARGE');
});

test('N039 an event of exactly 65,536 bytes is taken', () => {
  for (const unit of ['x', 'é', '😀']) {
    const pdu = messageOfSize('11', 65_536, unit);
    assert.equal(eventSize(pdu, V11), 65_536);
    assert.equal(errorOf(pdu), 'ok');
  }
});

describe('N040 fields of 256 bytes', () => {
  const long = (unit: string, bytes: number, frame: (filler: string) => string): string => {
    const length = new TextEncoder().encode(frame('')).length;
    return frame(unit.repeat(Math.ceil((bytes - length) / new TextEncoder().encode(unit).length)));
  };
  const fields: [string, (filler: string) => string][] = [
    ['type', filler => filler],
    ['state_key', filler => filler],
    ['sender', filler => `@${filler}:one.example`],
    ['room_id', filler => `!${filler}:one.example`],
  ];

  test('N040 255 bytes are taken, 256 refused, whatever the characters', () => {
    for (const [key, frame] of fields) {
      assert.equal(errorOf({ ...message('11'), [key]: long('a', 255, frame) }), 'ok', key);
      for (const unit of ['a', 'é', '😀']) {
        const value = long(unit, 256, frame);
        assert.equal(errorOf({ ...message('11'), [key]: value }), 'M_TOO_LARGE', `${key} ${unit}`);
      }
    }
  });

  test('N040 before version 11 code points decide whether it exists, and bytes whether it is rejected', () => {
    for (const id of ['1', '6', '10']) {
      const version = roomVersion(id)!;
      for (const [key, frame] of fields) {
        const room = new TestRoom(id).standard();
        const few = { ...room.pdu({ type: 'x' }), [key]: long('é', 256, frame) };
        const event = readEvent(few, version, nodeCrypto);
        assert.deepEqual(room.independent(event).ok, false, `${id} ${key}`);
        const many = { ...few, [key]: long('a', 256, frame) };
        assert.equal(errorOf(many, version), 'M_TOO_LARGE', `${id} ${key}`);
      }
    }
  });

  test('N040 the event ID of old rooms counts too', () => {
    const pdu = new TestRoom('1').pdu({ type: 'x', id: `$${'a'.repeat(250)}:one.example` });
    assert.equal(errorOf(pdu, roomVersion('1')), 'M_TOO_LARGE');
  });
});

test('N042 numbers that canonical JSON cannot say are refused in an event from room version 6 on', () => {
  for (const content of [{ a: 0.5 }, { a: [-0] }, { a: { b: 2 ** 53 } }, { a: 1e300 }]) {
    assert.equal(errorOf({ ...message('6'), content }, roomVersion('6')), 'M_BAD_JSON');
    assert.equal(errorOf({ ...message('5'), content }, roomVersion('5')), 'ok');
  }
});

test('N043 what is hashed is what is used: no event with two values under one key comes through', () => {
  const text = JSON.stringify(message('11')).replace('"body":"hello"', '"body":"hello","body":"other"');
  assert.throws(() => parseJson(text, 'strict'));
  assert.throws(() => parseJson(text, 'lenient'));
});

test('N045 NUL in body, type and state key survives', () => {
  const room = new TestRoom('11').standard();
  const event = room.make({ type: 'a\0b', stateKey: '\0', content: { 'k\0': 'x\0y' } });
  const again = readEvent(parseJson(JSON.stringify(event.pdu), 'strict'), V11, nodeCrypto);
  assert.deepEqual(again, event);
  assert.equal(again.content['k\0'], 'x\0y');
});

test('N046 an event with __proto__ as a key hashes with it and pollutes nothing', () => {
  const room = new TestRoom('11').standard();
  const content = parseJson('{"__proto__":{"membership":"join"},"constructor":1}', 'strict') as JsonObject;
  const event = room.make({ type: 'm.room.member', stateKey: ALICE, content });
  assert.ok(contentHashMatches(event.pdu, V11, nodeCrypto));
  const without = { ...event.pdu, content: { constructor: 1 } as unknown as JsonObject };
  assert.ok(!contentHashMatches(without, V11, nodeCrypto));
  assert.deepEqual(redactedEvent(event).content, {});
  assert.equal(({} as { membership?: string }).membership, undefined);
});

test('N049 depth of 2^63-1, negative or as a string is refused', () => {
  const text = JSON.stringify(message('1')).replace(/"depth":\d+/, '"depth":9223372036854775807');
  assert.equal(errorOf(parseJson(text, 'lenient'), roomVersion('1')), 'M_BAD_JSON');
  for (const version of knownRoomVersions) {
    for (const depth of [2 ** 63, 2 ** 53, -1, '5', 1.5, null] as Json[]) {
      assert.equal(errorOf({ ...message(version.id), depth }, version), 'M_BAD_JSON', `${version.id} ${depth}`);
    }
    assert.equal(errorOf({ ...message(version.id), depth: 2 ** 53 - 1 }, version), 'ok');
    assert.equal(errorOf({ ...message(version.id), depth: 0 }, version), 'ok');
  }
});

test('N050 a timestamp from the far future, from before 1970 or beyond any Date is just a number', () => {
  for (const ts of [2 ** 53 - 1, -(2 ** 53) + 1, -1, 0, 8_640_000_000_000_001]) {
    const event = readEvent({ ...message('11'), origin_server_ts: ts }, V11, nodeCrypto);
    assert.equal(event.ts, ts);
  }
  assert.equal(errorOf({ ...message('11'), origin_server_ts: 2 ** 53 }), 'M_BAD_JSON');
});

test('N051 more than 20 prev_events or 10 auth_events are refused', () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `$${String(i).padStart(43, 'a')}`);
  assert.equal(errorOf({ ...message('11'), prev_events: ids(20), auth_events: ids(10) }), 'ok');
  assert.equal(errorOf({ ...message('11'), prev_events: ids(21) }), 'M_BAD_JSON');
  assert.equal(errorOf({ ...message('11'), auth_events: ids(11) }), 'M_BAD_JSON');
  const pairs: Json[] = ids(21).map(id => [id, { sha256: 'x' }]);
  assert.equal(errorOf({ ...message('2'), prev_events: pairs }, roomVersion('2')), 'M_BAD_JSON');
});

test('N052 an event that names itself is refused', () => {
  for (const id of ['1', '2']) {
    const room = new TestRoom(id).standard();
    const own: Json = ['$self:one.example', { sha256: 'x' }];
    for (const key of ['prev_events', 'auth_events']) {
      const pdu: JsonObject = { ...room.pdu({ type: 'x', id: '$self:one.example' }), [key]: [own] };
      assert.equal(errorOf(pdu, room.version), 'M_BAD_JSON');
    }
  }
});

test('what a redaction names stands where its room version keeps it', () => {
  const target = '$target:one.example';
  for (const version of knownRoomVersions) {
    const room = new TestRoom(version.id).standard();
    const top = room.make({ type: 'm.room.redaction', extra: { redacts: target } });
    const inside = room.make({ type: 'm.room.redaction', content: { redacts: target } });
    assert.equal(redactsOf(top), version.redactsInContent ? undefined : target);
    assert.equal(redactsOf(inside), version.redactsInContent ? target : undefined);
    assert.equal(redactsOf(room.make({ type: 'other', content: { redacts: target } })), undefined);
  }
});

test('nothing that parses as JSON makes reading throw anything but EventError', () => {
  const good = message('11');
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue({ stringUnit: 'binary' }), (key, value) => {
      errorOf({ ...good, [key]: JSON.parse(JSON.stringify(value)) });
    }),
    { numRuns: 500 },
  );
});
