import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import {
  ALICE,
  BOB,
  bodiesSeen,
  CAROL,
  joinAll,
  newRoom,
  roomsOn,
  say,
  setVisibility,
  viewOf,
} from '../../test/support/rooms.ts';
import type { ServerName, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { setErased, unsetErased } from './erased-users.table.ts';
import { join, leave } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import { pdusFor } from './server-visibility.ts';

const [DAVE, EVE] = ['@dave:one.example', '@eve:one.example'] as [UserId, UserId];

async function erase(parts: RoomsParts, user: UserId): Promise<void> {
  const { userNid } = await viewOf(parts, user);
  await parts.db.tx(tx => setErased(tx, userNid, parts.clock.now()));
}

onEachDatabase(
  'N204 who joins after somebody asked to be forgotten gets redacted copies of what they said',
  async db => {
    const parts = roomsOn(db);
    const room = await newRoom(parts);
    await joinAll(parts, room, [BOB]);
    await say(parts, room, ALICE, 'by Alice');
    await say(parts, room, BOB, 'by Bob');
    await joinAll(parts, room, [CAROL, EVE]);
    await leave(parts, room, { sender: EVE });
    await erase(parts, ALICE);
    await joinAll(parts, room, [DAVE, EVE]);
    await join(parts, room, { sender: CAROL, profile: { displayName: 'Another name' } });
    // Bob was there, and Carol was in the room when Alice asked; what they could see they still can.
    for (const who of [BOB, CAROL]) assert.deepEqual(await bodiesSeen(parts, room, who), ['by Alice', 'by Bob'], who);
    for (const who of [DAVE, EVE]) assert.deepEqual(await bodiesSeen(parts, room, who), [undefined, 'by Bob'], who);
    await say(parts, room, ALICE, 'back again');
    const { userNid } = await viewOf(parts, ALICE);
    await db.tx(tx => unsetErased(tx, userNid));
    assert.deepEqual(await bodiesSeen(parts, room, DAVE), ['by Alice', 'by Bob', 'back again']);
  },
);

onEachDatabase('N204 who only looks in, and a server that was not there, get redacted copies', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await setVisibility(parts, room, 'world_readable');
  const stored = await say(parts, room, ALICE, 'by Alice');
  const bodyFor = async (server: string) => {
    const [pdu = {}] = await pdusFor(parts, db, room, server as ServerName, [stored]);
    return (pdu.content as JsonObject).body;
  };
  assert.equal(await bodyFor('two.example'), 'by Alice');
  await erase(parts, ALICE);
  assert.deepEqual(await bodiesSeen(parts, room, DAVE), [undefined]);
  assert.equal(await bodyFor('two.example'), undefined);
  assert.equal(await bodyFor('one.example'), 'by Alice');
});
