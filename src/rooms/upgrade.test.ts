import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase, openSqlite } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, setState, stateContent } from '../../test/support/rooms.ts';
import type { UserId } from '../core/ids.ts';
import { aliasTarget } from './aliases.table.ts';
import { currentMembership } from './current-membership.ts';
import { ban } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { type UpgradePlan, upgradeRoom } from './upgrade.ts';
import { quietLevels } from './upgrade-levels.ts';

const PLAN: UpgradePlan = { user: ALICE, profile: {}, version: '12', additionalCreators: [] };

async function upgraded(parts: RoomsParts, old: Room, plan: Partial<UpgradePlan> = {}): Promise<Room> {
  return parts.rooms.get(parts.db, await upgradeRoom(parts, old, { ...PLAN, ...plan }));
}

test('long lists of bans and children go along, and those who made the room are in it', async () => {
  await using opened = await openSqlite();
  const parts = roomsOn(opened.db);
  const old = await newRoom(parts, { version: '11', creationContent: { type: 'm.space' } });
  for (let at = 0; at < 130; at++) {
    await ban(parts, old, { sender: ALICE }, `@spam${at}:one.example` as UserId);
    await setState(parts, old, ALICE, 'm.space.child', { via: ['one.example'] }, `!child${at}:one.example`);
  }
  const creator = '@spam7:one.example' as UserId;
  const room = await upgraded(parts, old, { additionalCreators: [creator] });
  for (const at of [0, 99, 100, 129]) {
    const banned = await currentMembership(parts, parts.db, room, `@spam${at}:one.example` as UserId);
    assert.equal(banned?.membership, 'ban');
    assert.deepEqual(await stateContent(parts, room, 'm.space.child', `!child${at}:one.example`), {
      via: ['one.example'],
    });
  }
  // Who is trusted with the room cannot be banned from it.
  assert.equal(await currentMembership(parts, parts.db, room, creator), undefined);
});

onEachDatabase('an upgrade that fails at its end changes nothing and leaves nobody in a half-made room', async db => {
  const bare = roomsOn(db);
  const seen: Room[] = [];
  const parts: RoomsParts = {
    ...bare,
    notifications: {
      async eventAccepted(_tx, room, { event }) {
        if (event.type === 'm.room.create') seen.push(room);
        if (event.type === 'm.room.tombstone') throw new RangeError('the disk is on fire');
      },
    },
  };
  const old = await newRoom(parts, { version: '11', visibility: 'public', aliasLocalpart: 'grove' });
  await joinAll(parts, old, [BOB]);
  await assert.rejects(upgradeRoom(parts, old, PLAN), RangeError);
  const half = seen.at(-1);
  assert.ok(half !== undefined && half.nid !== old.nid);
  assert.equal((await currentMembership(parts, db, half, ALICE))?.membership, 'leave');
  assert.equal(await stateContent(parts, half, 'm.room.join_rules'), undefined);
  assert.equal(await stateContent(parts, old, 'm.room.tombstone'), undefined);
  const alias = '#grove:one.example' as Parameters<typeof aliasTarget>[1];
  assert.equal((await aliasTarget(db, alias))?.roomId, old.roomId);
});

onEachDatabase('a room is only made quieter, and never by who would lose it by that', async db => {
  const parts = roomsOn(db);
  const levels = { users: { [ALICE]: 100 }, events_default: 70, invite: 0, users_default: 60 };
  const room = await newRoom(parts, { version: '10', powerLevelOverride: levels });
  await upgraded(parts, room);
  const quiet = await stateContent(parts, room, 'm.room.power_levels');
  assert.deepEqual([quiet?.events_default, quiet?.invite, quiet?.users_default], [70, 61, 60]);
  assert.equal(
    quietLevels(() => undefined, ALICE),
    undefined,
  );
});
