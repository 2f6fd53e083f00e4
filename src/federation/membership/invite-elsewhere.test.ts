import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { DORA } from '../../../test/support/remote-events.ts';
import { ResidentServer } from '../../../test/support/resident-server.ts';
import { ALICE, newRoom, setState, timelineOf } from '../../../test/support/rooms.ts';
import { nodeCrypto, signingKeyFromSeed } from '../../base/node-crypto.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { UserId } from '../../core/ids.ts';
import { getObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Pdu } from '../../core/pdu.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import { signEvent, signJson } from '../../core/signatures.ts';
import { setRoomBlocked } from '../../rooms/blocked-rooms.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { invite } from '../../rooms/membership.ts';
import { OWN, type Room } from '../../rooms/room.ts';
import { RefusedError } from '../transport/errors.ts';

async function membershipOf({ rooms }: ResidentServer, room: Room, user: UserId) {
  return (await currentMembership(rooms, rooms.db, room, user))?.membership;
}

function signedBy({ visitor }: ResidentServer, pdu: Json | undefined, version: RoomVersion): JsonObject {
  return signEvent(pdu as JsonObject, version, visitor.serverName, visitor.signingKey, nodeCrypto);
}

const refused = (status: number, errcode: string) =>
  new RefusedError('two.example' as never, { status, errcode, message: 'no', retryAfterMs: undefined, body: {} });

onEachDatabase('an invite has both signatures before it goes to the room', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const version of ['2', '11']) {
    const room = await newRoom(server.rooms, { version });
    let asked: JsonObject = {};
    server.others = (_, { body = {} }) => {
      asked = body;
      return { event: signedBy(server, body.event, room.version) };
    };
    const id = await invite(server.rooms, room, { sender: ALICE }, DORA);
    assert.equal(asked.room_version, version);
    assert.ok((asked.invite_room_state as JsonObject[]).every(event => getObject(event, 'hashes') !== undefined));
    const stored = await server.rooms.events.byId(db, id);
    assert.deepEqual(Object.keys(stored?.event.pdu.signatures ?? {}).sort(), ['one.example', 'two.example']);
    assert.equal(stored?.flags, OWN);
    assert.equal(await membershipOf(server, room, DORA), 'invite');
  }
});

onEachDatabase('nobody elsewhere is asked into a room that the administrators have blocked', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  await setRoomBlocked(server.rooms, room.roomId, { userNid: 1 }, true);
  server.others = () => assert.fail('their server must not be asked');
  await assert.rejects(invite(server.rooms, room, { sender: ALICE }, DORA), { errcode: 'M_FORBIDDEN' });
});

onEachDatabase('of the answer to an invite only the right signature counts', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  const answers: (readonly [string, (pdu: Pdu) => Json])[] = [
    ['no object', () => 5],
    ['no event', () => ({})],
    ['no signature', pdu => ({ event: pdu })],
    ['another event signed', pdu => ({ event: signedBy(server, { ...pdu, depth: 1 }, room.version) })],
    [
      'other content signed',
      pdu => ({ event: signedBy(server, { ...pdu, content: { membership: 'join' } }, room.version) }),
    ],
    [
      'signed by another',
      pdu => ({ event: { ...pdu, signatures: { 'two.example': { 'ed25519:two': 'A'.repeat(86) } } } }),
    ],
    ['too long', pdu => ({ event: { ...pdu, signatures: { 'two.example': { x: 'A'.repeat(70_000) } } } })],
  ];
  for (const [what, answer] of answers) {
    server.others = (_, { body = {} }) => answer(body.event as Pdu);
    await assert.rejects(
      invite(server.rooms, room, { sender: ALICE }, DORA),
      { status: 502, errcode: 'M_UNKNOWN' },
      what,
    );
  }
  assert.equal(await membershipOf(server, room, DORA), undefined);
});

onEachDatabase('servers of old are asked by the first version, for rooms that they may know', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const [version, isIn] of [
    ['1', true],
    ['6', false],
  ] as const) {
    const room = await newRoom(server.rooms, { version });
    server.others = (_, { path, body = {} }) => {
      if (path.includes('/v2/')) throw refused(404, 'M_UNRECOGNIZED');
      const { unsigned, ...pdu } = body;
      assert.ok(Array.isArray(getObject({ unsigned: unsigned ?? {} }, 'unsigned')?.invite_room_state));
      return [200, { event: signedBy(server, pdu, room.version) }];
    };
    const invited = invite(server.rooms, room, { sender: ALICE }, DORA);
    if (isIn) await invited;
    else await assert.rejects(invited, { status: 502, message: /two\.example refused with 404/ });
    assert.equal(await membershipOf(server, room, DORA), isIn ? 'invite' : undefined);
  }
});

onEachDatabase('a server that does not know the version of the room is told of as clients expect it', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  server.others = () => {
    throw refused(400, 'M_INCOMPATIBLE_ROOM_VERSION');
  };
  const invited = invite(server.rooms, room, { sender: ALICE }, DORA);
  await assert.rejects(invited, { status: 400, errcode: 'M_UNSUPPORTED_ROOM_VERSION' });
});

onEachDatabase('while the other server thinks the room goes on, and its rules then count', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  let change = () => setState(server.rooms, room, ALICE, 'm.room.topic', { topic: 'meanwhile' });
  const { memberships } = server.rooms;
  const slow = {
    ...server.rooms,
    memberships: {
      ...memberships!,
      invite: async (...args: Parameters<NonNullable<typeof memberships>['invite']>) => {
        await change();
        return memberships!.invite(...args);
      },
    },
  };
  server.others = (_, { body = {} }) => ({ event: signedBy(server, body.event, room.version) });
  await invite(slow, room, { sender: ALICE }, DORA);
  assert.equal(await membershipOf(server, room, DORA), 'invite');
  const other = await newRoom(server.rooms, { version: '11' });
  change = () => setState(server.rooms, other, ALICE, 'm.room.power_levels', { users: { [ALICE]: 10 }, invite: 50 });
  await assert.rejects(invite(slow, other, { sender: ALICE }, DORA), { errcode: 'M_FORBIDDEN' });
  assert.equal(await membershipOf(server, other, DORA), undefined);
});

const identityServer = signingKeyFromSeed('ed25519:0', new Uint8Array(32).fill(77));

onEachDatabase('who was invited by address is invited by name once they have proved to be it', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  const public_key = encodeBase64(identityServer.publicKey);
  const offer = { display_name: 'd...@two', public_key, key_validity_url: 'https://id', public_keys: [{ public_key }] };
  await setState(server.rooms, room, ALICE, 'm.room.third_party_invite', offer, 'token');
  server.others = (_, { body = {} }) => ({ event: signedBy(server, body.event, room.version) });
  const proof = (mxid: string, token = 'token') => signJson({ mxid, token }, 'id.example', identityServer);
  const exchange = (signed: JsonObject, more: JsonObject = {}, origin = 'two.example') =>
    server.call(
      'PUT',
      `/v1/exchange_third_party_invite/${encodeURIComponent(room.roomId)}`,
      {
        type: 'm.room.member',
        room_id: room.roomId,
        sender: ALICE,
        state_key: DORA,
        content: { membership: 'invite', third_party_invite: { display_name: 'x', signed }, evil: true },
        ...more,
      },
      origin,
    );
  assert.equal((await exchange(proof('@emil:two.example'))).status, 403, 'the proof is for another');
  assert.equal((await exchange(proof(DORA, 'other'))).status, 403, 'no such offer');
  assert.equal((await exchange({ ...proof(DORA), signatures: {} })).status, 403, 'no proof');
  assert.equal((await exchange(proof(DORA), {}, 'three.example')).status, 403, 'another server');
  assert.equal((await exchange(proof(DORA), { room_id: '!x:y' })).status, 400);
  assert.equal((await exchange(proof(DORA), { type: 'm.room.message' })).status, 400);
  assert.equal(await membershipOf(server, room, DORA), undefined);
  assert.deepEqual(await exchange(proof(DORA)), { status: 200, body: {} });
  const last = (await timelineOf(server.rooms, room)).at(-1)?.event;
  assert.deepEqual([last?.sender, last?.stateKey], [ALICE, DORA]);
  const third_party_invite = { display_name: 'd...@two', signed: proof(DORA) };
  assert.deepEqual(last?.content, { membership: 'invite', third_party_invite });
});

onEachDatabase('N123 an exchange that is not ours to make asks nobody', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  let asked = 0;
  server.others = () => ++asked;
  const body = {
    type: 'm.room.member',
    room_id: room.roomId,
    sender: DORA,
    state_key: DORA,
    content: { membership: 'invite', third_party_invite: { signed: { mxid: DORA, token: 'token' } } },
  };
  const path = `/v1/exchange_third_party_invite/${encodeURIComponent(room.roomId)}`;
  assert.equal((await server.call('PUT', path, body)).status, 403);
  assert.equal((await server.call('PUT', path, { ...body, state_key: ALICE })).status, 403);
  assert.equal((await server.call('PUT', path, { ...body, sender: ALICE, state_key: ALICE })).status, 403);
  assert.equal(asked, 0);
});
