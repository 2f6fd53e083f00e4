import assert from 'node:assert/strict';
import { nodeCrypto } from '../../src/base/node-crypto.ts';
import type { Event } from '../../src/core/event.ts';
import type { EventId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { resolveWhole } from '../../src/core/resolve/drive.ts';
import type { StateSet } from '../../src/core/resolve/protocol.ts';
import { knownRoomVersions } from '../../src/core/room-versions.ts';
import { stateKeyString } from '../../src/core/state-key.ts';
import { ALICE, BOB, CAROL, type Draft, TestRoom } from './room-builder.ts';

/** The versions of v2, among them those no random room is recorded of: 2 to 5 and 7. */
export const V2 = knownRoomVersions.filter(version => version.stateResolution === 'v2').map(version => version.id);
export const V2_AND_LATER = [...V2, '12'];
export const TOPIC = 'm.room.topic';

/** A change of the topic. */
export function topic(sender: string, more: Partial<Draft> = {}): Draft {
  return { type: TOPIC, stateKey: '', sender, content: { topic: 'x' }, ...more };
}

/** Power levels with Alice above all: from version 12 on she may not be named. */
export function levelsOf(version: string, users: JsonObject): JsonObject {
  return { users: version === '12' ? users : { [ALICE]: 100, ...users } };
}

/** A room where Alice made everything and Bob and Carol joined. */
export function roomWith(version: string, users: JsonObject = {}): TestRoom {
  const room = new TestRoom(version).standard(users);
  room.member(BOB, 'join');
  room.member(CAROL, 'join');
  return room;
}

/** Plays `branch` on the room as it is and takes it back: the state that it led to. */
export function fork(room: TestRoom, branch: () => void): StateSet {
  const state = new Map(room.state);
  const last = room.last;
  branch();
  const result = room.snapshot();
  room.state = state;
  room.last = last;
  return result;
}

/** The resolved state, with all that the room knows. */
export function resolve(room: TestRoom, sets: readonly StateSet[]): Map<string, EventId> {
  const source = { event: (id: EventId) => room.events.get(id), isRejected: (id: EventId) => room.rejected.has(id) };
  return resolveWhole(room.version, sets, source, nodeCrypto);
}

/** In whatever order the sets come. `expected`: the event that holds the place; undefined for none. */
export function assertResolved(
  room: TestRoom,
  sets: readonly StateSet[],
  type: string,
  key: string,
  expected: Event | undefined,
): void {
  for (const order of [sets, sets.toReversed(), [...sets, ...sets]]) {
    const id = resolve(room, order).get(stateKeyString(type, key));
    assert.equal(id, expected?.id, `version ${room.version.id}: ${type} ${key}`);
  }
}
