import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, setState } from '../../test/support/rooms.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { forbidden } from '../core/matrix-error.ts';
import { joinAt } from './own-membership.ts';
import type { RemoteMemberships } from './ports.ts';

onEachDatabase('who may come in, and is refused by others that have not heard of it yet, is tried again', async db => {
  const rooms = roomsOn(db);
  // Time that is waited for is over at once.
  const clock: Clock = { ...systemClock, after: (_, run) => systemClock.after(0, run) };
  const lobby = await newRoom(rooms);
  // Nobody here may invite.
  const room = await newRoom(rooms, { version: '11', powerLevelOverride: { invite: 101 } });
  await setState(rooms, room, ALICE, 'm.room.join_rules', {
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: lobby.roomId }],
  });
  const asked: string[] = [];
  let hear = async () => undefined as unknown;
  const memberships = {
    joinByOthers: async (_: unknown, { userId }: { readonly userId: string }) => {
      asked.push(userId);
      await hear();
      throw forbidden('not in the lobby');
    },
  } as unknown as RemoteMemberships;
  const join = () => joinAt({ ...rooms, clock, memberships }, { roomId: room.roomId, via: [] }, { sender: BOB });
  await assert.rejects(join, /not in any of the rooms/);
  assert.deepEqual(asked, [], 'who may not come in is not asked for');
  await joinAll(rooms, lobby, [BOB]);
  await assert.rejects(join, /not in the lobby/);
  assert.deepEqual(asked, [BOB, BOB]);
  hear = () => setState(rooms, room, ALICE, 'm.room.join_rules', { join_rule: 'public' });
  assert.match(await join(), /^\$/);
  assert.equal(asked.length, 3);
});
