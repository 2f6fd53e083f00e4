import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultRoomVersion,
  implicitRoomVersion,
  knownRoomVersions,
  type RoomVersion,
  roomVersion,
} from './room-versions.ts';

const ALL = knownRoomVersions.map(version => version.id);

/** The versions for which a fact holds. */
function where(fact: (version: RoomVersion) => boolean): string[] {
  return knownRoomVersions.filter(fact).map(version => version.id);
}

const from = (first: number): string[] => ALL.filter(id => Number(id) >= first);
const until = (last: number): string[] => ALL.filter(id => Number(id) <= last);

test('versions 1 to 12 are known, each under its own name', () => {
  assert.deepEqual(ALL, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
  for (const id of ALL) assert.equal(roomVersion(id)?.id, id);
  for (const id of ['', '0', '13', '01', '1.0', ' 1', '__proto__', 'constructor', 'org.matrix.msc3757.11']) {
    assert.equal(roomVersion(id), undefined, id);
  }
  assert.equal(defaultRoomVersion.id, '12');
  assert.equal(implicitRoomVersion.id, '1');
});

test('every fact changes where the page of the version says so', () => {
  assert.deepEqual(
    where(version => version.eventIds === 'chosen'),
    until(2),
  );
  assert.deepEqual(
    where(version => version.eventIds === 'base64'),
    ['3'],
  );
  assert.deepEqual(
    where(version => version.eventIds === 'base64url'),
    from(4),
  );
  assert.deepEqual(
    where(version => version.referencesArePairs),
    until(2),
  );
  assert.deepEqual(
    where(version => version.enforceKeyValidity),
    from(5),
  );
  assert.deepEqual(
    where(version => version.strictJson),
    from(6),
  );
  assert.deepEqual(
    where(version => version.strictByteLimits),
    from(11),
  );
  assert.deepEqual(
    where(version => version.stateResolution === 'v1'),
    ['1'],
  );
  assert.deepEqual(
    where(version => version.stateResolution === 'v2.1'),
    ['12'],
  );
  assert.deepEqual(
    where(version => version.aliasesRule),
    until(5),
  );
  assert.deepEqual(
    where(version => version.redactionRule),
    until(2),
  );
  assert.deepEqual(
    where(version => version.guardNotificationLevels),
    from(6),
  );
  assert.deepEqual(
    where(version => version.knocking),
    from(7),
  );
  assert.deepEqual(
    where(version => version.restrictedJoins),
    from(8),
  );
  assert.deepEqual(
    where(version => version.knockRestricted),
    from(10),
  );
  assert.deepEqual(
    where(version => version.integerPowerLevels),
    from(10),
  );
  assert.deepEqual(
    where(version => version.creatorIsSender),
    from(11),
  );
  assert.deepEqual(
    where(version => version.redactsInContent),
    from(11),
  );
  assert.deepEqual(
    where(version => version.roomIdIsCreateHash),
    from(12),
  );
  assert.deepEqual(
    where(version => version.creatorsHaveInfinitePower),
    from(12),
  );
});
