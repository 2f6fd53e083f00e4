import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom } from '../../../test/support/rooms.ts';
import { silentLog } from '../../base/log.ts';
import { sql } from '../../db/sql.ts';
import { Ephemeral } from './ephemeral.ts';
import { OutgoingPresence } from './outgoing-presence.ts';

onEachDatabase('a change of presence goes out at once, and those of the next seconds together', async db => {
  await using world = new OutboundWorld(db);
  const { rooms: store, clock } = world;
  const room = await newRoom(store);
  await joinAll(store, room, [BOB]);
  await joinFrom(store, room, DORA);
  const nids = await store.nids.users.find(db, [ALICE, BOB, DORA]);
  const two = (await store.nids.domains.findOne(db, TWO)) ?? 0;
  const ephemeral = new Ephemeral();
  let owned = two;
  let woken = 0;
  const sender = { wake: () => void woken++, isFailing: () => false };
  using outgoing = new OutgoingPresence({
    ...{ db, store, clock, log: silentLog, serverName: store.serverName, ephemeral, sender },
    contentOf: async () => ({ presence: 'online', last_active_ago: 7 }),
    owns: nid => nid === owned,
  });
  const change = (...users: (typeof ALICE)[]) => outgoing.changed(users.map(user => nids.get(user) ?? 0));
  const push = (...users: (typeof ALICE)[]) => ({
    edu_type: 'm.presence',
    content: { push: users.map(user_id => ({ presence: 'online', last_active_ago: 7, user_id })) },
  });
  change(ALICE, DORA);
  clock.advance(0);
  await world.until(() => woken === 1);
  assert.deepEqual(ephemeral.take(two, 10), [push(ALICE)]);
  for (const user of [BOB, ALICE, BOB]) {
    change(user);
    clock.advance(900);
  }
  assert.equal(woken, 1);
  clock.advance(300);
  await world.until(() => woken === 3);
  assert.deepEqual(ephemeral.take(two, 10), [push(BOB, ALICE)]);
  clock.advance(60_000);
  change(BOB);
  clock.advance(0);
  await world.until(() => woken === 4);
  ephemeral.drop(two);
  owned = -1;
  clock.advance(60_000);
  change(BOB);
  clock.advance(60_000);
  await db.get(sql`select 1`);
  assert.deepEqual(ephemeral.take(two, 10), [], 'another process sends to that server');
});
