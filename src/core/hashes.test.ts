import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestRoom } from '../../test/support/room-builder.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import {
  contentHash,
  contentHashMatches,
  createIdOfRoom,
  eventIdOf,
  referenceHash,
  roomIdOfCreate,
  without,
} from './hashes.ts';
import { type JsonObject, parseJson } from './json.ts';
import type { Pdu } from './pdu.ts';
import { knownRoomVersions, roomVersion } from './room-versions.ts';

function message(version: string): Pdu {
  return new TestRoom(version).standard().make({ type: 'm.room.message', content: { body: 'x' } }).pdu;
}

test('the content hash covers everything but unsigned, signatures and hashes', () => {
  for (const version of knownRoomVersions) {
    const pdu = message(version.id);
    const hash = contentHash(pdu, version, nodeCrypto);
    for (const key of ['unsigned', 'signatures', 'hashes']) {
      assert.equal(contentHash({ ...pdu, [key]: { changed: 1 } }, version, nodeCrypto), hash, key);
    }
    for (const key of ['content', 'type', 'sender', 'depth', 'extra', 'state_key', 'prev_events']) {
      assert.notEqual(contentHash({ ...pdu, [key]: { changed: 1 } }, version, nodeCrypto), hash, key);
    }
    assert.ok(contentHashMatches({ ...pdu, hashes: { sha256: `${hash}=`, other: 'x' } }, version, nodeCrypto));
  }
});

test('the reference hash covers the redacted event with its hashes, but no signature', () => {
  for (const version of knownRoomVersions) {
    const pdu = message(version.id);
    const hash = referenceHash(pdu, version, nodeCrypto);
    const same: JsonObject[] = [
      { signatures: { a: { b: 'c' } } },
      { unsigned: { a: 1 } },
      { extra: 1 },
      { content: { body: 'y' } },
    ];
    for (const change of same) assert.deepEqual(referenceHash({ ...pdu, ...change } as Pdu, version, nodeCrypto), hash);
    const other: JsonObject[] = [
      { hashes: { sha256: 'x' } },
      { sender: '@other:b' },
      { depth: 1 },
      { origin_server_ts: 1 },
    ];
    for (const change of other)
      assert.notDeepEqual(referenceHash({ ...pdu, ...change } as Pdu, version, nodeCrypto), hash);
  }
});

test('event IDs are chosen, or the reference hash in the alphabet of the version', () => {
  assert.equal(eventIdOf({ ...message('2'), event_id: '$mine:b' } as Pdu, roomVersion('2')!, nodeCrypto), '$mine:b');
  for (let depth = 1; depth < 40; depth++) {
    const three = eventIdOf({ ...message('3'), depth }, roomVersion('3')!, nodeCrypto);
    const four = eventIdOf({ ...message('3'), depth }, roomVersion('4')!, nodeCrypto);
    assert.equal(three.replaceAll('+', '-').replaceAll('/', '_'), four);
    assert.equal(four.length, 44);
  }
});

test('a room of version 12 and its create event name each other', () => {
  const create = new TestRoom('12').found();
  assert.equal(roomIdOfCreate(create.id), create.roomId);
  assert.equal(createIdOfRoom(roomIdOfCreate(create.id)), create.id);
});

test('dropping keys leaves the original and odd keys alone', () => {
  const object = parseJson('{"a":1,"b":2,"__proto__":{"a":3}}', 'strict') as JsonObject;
  const copy = without(object, ['a', 'none']);
  assert.deepEqual(Object.keys(copy), ['b', '__proto__']);
  assert.deepEqual(Object.keys(object), ['a', 'b', '__proto__']);
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
});
