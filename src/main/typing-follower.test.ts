import assert from 'node:assert/strict';
import { TestClock } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { JoinedBus } from '../../test/support/joined-buses.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn } from '../../test/support/rooms.ts';
import { systemRandom } from '../base/random.ts';
import { ban, leave } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { Typing } from '../sync/typing.ts';
import { typingFollower } from './typing-follower.ts';

onEachDatabase('who has left a room or was thrown out types there no more', async db => {
  const changed = () => undefined;
  using typing = new Typing({ clock: new TestClock(), bus: new JoinedBus([]), random: systemRandom, changed });
  const rooms: RoomsParts = { ...roomsOn(db), notifications: typingFollower(() => typing) };
  const [room, other] = [await newRoom(rooms), await newRoom(rooms)];
  await joinAll(rooms, room, [BOB, CAROL]);
  for (const user of [ALICE, BOB, CAROL]) typing.set(room.nid, user, 60_000);
  typing.set(other.nid, BOB, 60_000);
  await leave(rooms, room, { sender: BOB });
  assert.deepEqual(typing.since(room.nid, undefined), [ALICE, CAROL]);
  await ban(rooms, room, { sender: ALICE }, CAROL);
  assert.deepEqual(typing.since(room.nid, undefined), [ALICE]);
  assert.deepEqual(typing.since(other.nid, undefined), [BOB]);
});
