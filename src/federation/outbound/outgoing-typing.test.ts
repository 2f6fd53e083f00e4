import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom } from '../../../test/support/rooms.ts';
import { silentLog } from '../../base/log.ts';
import { sql } from '../../db/sql.ts';
import { Ephemeral } from './ephemeral.ts';
import { OutgoingTyping } from './outgoing-typing.ts';

onEachDatabase('of several processes that know who types, the one that sends to a server tells it', async db => {
  await using world = new OutboundWorld(db);
  const { rooms: store, clock } = world;
  const room = await newRoom(store);
  await joinFrom(store, room, DORA);
  const two = (await store.nids.domains.findOne(db, TWO)) ?? 0;
  const told: number[] = [];
  const processes = [true, false].map((isOwner, at) => {
    const ephemeral = new Ephemeral();
    const sender = { wake: (nids: Iterable<number>) => told.push(...[...nids].map(() => at)), isFailing: () => false };
    const parts = { db, store, clock, log: silentLog, serverName: store.serverName, ephemeral, sender };
    return { ephemeral, outgoing: new OutgoingTyping({ ...parts, owns: nid => isOwner && nid === two }) };
  });
  for (const { outgoing } of processes) outgoing.changed(room.nid, ALICE, true);
  await world.until(() => told.length > 0);
  // The other one would have been as fast.
  await db.get(sql`select 1`);
  const content = { room_id: room.roomId, user_id: ALICE, typing: true };
  assert.deepEqual(
    processes.map(({ ephemeral }) => ephemeral.take(two, 10)),
    [[{ edu_type: 'm.typing', content }], []],
  );
  assert.deepEqual(told, [0]);
  for (const { outgoing } of processes) outgoing[Symbol.dispose]();
});
