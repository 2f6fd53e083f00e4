import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, bodiesSeen, joinAll, newRoom, roomsOn, say, stateContent } from '../../test/support/rooms.ts';
import { knownRoomVersions } from '../core/room-versions.ts';

onEachDatabase('rooms of every version can be made, joined and written in', async db => {
  const parts = roomsOn(db);
  for (const version of knownRoomVersions) {
    const room = await newRoom(parts, { version: version.id, name: 'Grove', topic: 'Trees' });
    assert.equal(room.version.id, version.id);
    await joinAll(parts, room, [BOB]);
    await say(parts, room, BOB, 'hello');
    assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['hello']);
    assert.equal((await stateContent(parts, room, 'm.room.create'))?.room_version, version.id);
    assert.deepEqual(await stateContent(parts, room, 'm.room.name'), { name: 'Grove' });
  }
});
