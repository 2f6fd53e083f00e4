import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { idOf, ResidentServer } from '../../test/support/resident-server.ts';
import { TestRoom } from '../../test/support/room-builder.ts';
import { ALICE, BOB, newRoom, setState } from '../../test/support/rooms.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import type { RoomId, UserId } from '../core/ids.ts';
import { signEvent } from '../core/signatures.ts';
import type { Database } from '../db/database.ts';
import { currentMembership } from '../rooms/current-membership.ts';
import { invite } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import { pushEvents } from './push-events.ts';

const DORA = '@dora:two.example';

/** Who asks a user into which room, as the gateway is told. */
async function told(rooms: RoomsParts, db: Database, room: Room, userId: UserId) {
  const userNid = (await rooms.nids.users.findOne(db, userId)) ?? 0;
  const current = await currentMembership(rooms, db, room, userId);
  const event = await pushEvents(rooms).forGateway(db, userNid, room.nid, current?.eventNid ?? 0);
  return [event?.stateKey, event?.senderDisplayName, event?.roomName, event?.roomAlias];
}

onEachDatabase('a gateway is told who asks into which room, also of rooms elsewhere', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms, visitor } = server;
  const here = await newRoom(rooms, { version: '11' });
  await setState(rooms, here, ALICE, 'm.room.name', { name: 'Here' });
  await invite(rooms, here, { sender: ALICE }, BOB);
  assert.deepEqual(await told(rooms, db, here, BOB), [BOB, undefined, 'Here', undefined]);

  const theirs = new TestRoom('11', 'theirs');
  theirs.found({}, DORA);
  theirs.member(DORA, 'join');
  const draft = theirs.pdu({ type: 'm.room.member', sender: DORA, stateKey: BOB, content: { membership: 'invite' } });
  const event = signEvent(draft, theirs.version, visitor.serverName, visitor.signingKey, nodeCrypto);
  const send = async (state: readonly (readonly [string, string, object])[]) => {
    const invite_room_state = state.map(([type, state_key, content]) => ({ type, state_key, sender: DORA, content }));
    const path = `/v2/invite/${encodeURIComponent(theirs.roomId)}/${encodeURIComponent(idOf(event, '11'))}`;
    const { status } = await server.call('PUT', path, { room_version: '11', event, invite_room_state } as never);
    assert.equal(status, 200);
    return told(rooms, db, await rooms.rooms.get(db, theirs.roomId as RoomId), BOB);
  };
  assert.deepEqual(await send([]), [BOB, undefined, undefined, undefined]);
  const state = [
    ['m.room.name', '', { name: 'Theirs' }],
    ['m.room.canonical_alias', '', { alias: 5 }],
    ['m.room.member', DORA, { membership: 'join', displayname: 'Dora' }],
  ] as const;
  assert.deepEqual(await send(state), [BOB, 'Dora', 'Theirs', undefined]);
});
