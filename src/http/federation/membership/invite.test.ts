import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { idOf, ResidentServer } from '../../../../test/support/resident-server.ts';
import { TestRoom } from '../../../../test/support/room-builder.ts';
import { ALICE, BOB, joinAll, newRoom, setState } from '../../../../test/support/rooms.ts';
import { nodeCrypto } from '../../../base/node-crypto.ts';
import type { Identity } from '../../../core/identity.ts';
import type { RoomId, UserId } from '../../../core/ids.ts';
import { getObject, type JsonObject } from '../../../core/json.ts';
import { signEvent } from '../../../core/signatures.ts';
import { setRoomBlocked } from '../../../rooms/blocked-rooms.ts';
import { currentMembership } from '../../../rooms/current-membership.ts';
import { membersOf } from '../../../rooms/members.table.ts';
import { MEMBERSHIPS } from '../../../rooms/room.ts';
import { strippedState } from '../../../rooms/stripped-state.ts';

const DORA = '@dora:two.example';

/** A room of Dora's, of which we know nothing. */
function elsewhere(server: ResidentServer, version = '11') {
  const room = new TestRoom(version, 'theirs');
  room.found({}, DORA);
  room.member(DORA, 'join');
  const sign = (pdu: JsonObject, by: Identity = server.visitor) =>
    signEvent(pdu, room.version, by.serverName, by.signingKey, nodeCrypto);
  const invite = (more: Parameters<TestRoom['pdu']>[0] | object = {}) =>
    room.pdu({ type: 'm.room.member', sender: DORA, stateKey: ALICE, content: { membership: 'invite' }, ...more });
  const send = (
    pdu: JsonObject,
    more: JsonObject = {},
    path: { room?: string; event?: string; origin?: string } = {},
  ) =>
    server.call(
      'PUT',
      `/v2/invite/${encodeURIComponent(path.room ?? room.roomId)}/${encodeURIComponent(path.event ?? idOf(pdu, room.version))}`,
      { room_version: version, event: pdu, ...more },
      path.origin,
    );
  return { room, sign, invite, send };
}

async function invitesOf({ rooms }: ResidentServer, roomId: string) {
  const room = await rooms.rooms.find(rooms.db, roomId as RoomId);
  return room === undefined ? [] : membersOf(rooms.db, room.nid, [MEMBERSHIPS.invite]);
}

/** What Alice is told of a room. */
async function told({ rooms }: ResidentServer, roomId: string): Promise<JsonObject[]> {
  const room = await rooms.rooms.get(rooms.db, roomId as RoomId);
  const current = await currentMembership(rooms, rooms.db, room, ALICE);
  const stored = await rooms.events.byNid(rooms.db, current?.eventNid ?? 0);
  return strippedState(rooms, rooms.db, room, stored ?? assert.fail('there is no invite'));
}

onEachDatabase('an invite comes back with our signature and nothing else changed', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const version of ['1', '5', '10', '12']) {
    const { room, sign, invite, send } = elsewhere(server, version);
    const pdu = { ...sign(invite()), unsigned: { age: 5 } };
    const { status, body } = await send(pdu);
    assert.equal(status, 200, JSON.stringify(body));
    const { signatures, ...rest } = getObject(body, 'event') ?? {};
    const { signatures: sent, ...before } = pdu;
    assert.deepEqual(rest, before);
    assert.deepEqual(Object.keys(signatures as JsonObject).sort(), ['one.example', 'two.example']);
    assert.deepEqual((signatures as JsonObject)['two.example'], sent['two.example']);
    assert.equal((await invitesOf(server, room.roomId)).length, 1);
    assert.equal((await send(pdu)).status, 200, 'and again');
    assert.equal(server.admitted.pop(), ALICE);
  }
});

onEachDatabase('N072 nothing but an invite of one of our users is signed', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { room, sign, invite, send } = elsewhere(server);
  const wrong: (readonly [string, JsonObject])[] = [
    ['a message', invite({ type: 'm.room.message' })],
    ['power levels', invite({ type: 'm.room.power_levels', stateKey: '' })],
    ['a join', invite({ content: { membership: 'join' } })],
    ['a leave', invite({ content: { membership: 'leave' } })],
    ['no state', room.pdu({ type: 'm.room.member', sender: DORA, content: { membership: 'invite' } })],
    ['a user of theirs', invite({ stateKey: '@emil:two.example' })],
    ['no user', invite({ stateKey: 'alice' })],
    ['our name as part of another', invite({ stateKey: '@alice:x.one.example' })],
    ['no content', invite({ content: {} })],
  ];
  for (const [what, pdu] of wrong) {
    const { status, body } = await send(sign(pdu));
    assert.deepEqual([status, body.errcode, body.event], [400, 'M_INVALID_PARAM', undefined], what);
  }
  const cut = { ...sign(invite()), content: { membership: 'invite', reason: 'x' }, prev_events: 5 } as JsonObject;
  assert.equal((await send(cut, {}, { event: '$x' })).status, 400);
  assert.deepEqual([await invitesOf(server, room.roomId), server.admitted], [[], []]);
});

onEachDatabase(
  'N069 N122 the invite is of the room and event of the path, and by a user of the caller',
  async (db, t) => {
    const server = new ResidentServer(t, db);
    const { room, sign, invite, send } = elsewhere(server);
    const pdu = sign(invite());
    assert.equal((await send(pdu, {}, { room: '!other:two.example' })).status, 400);
    assert.equal((await send(pdu, {}, { event: '$other' })).status, 400);
    assert.equal((await send(pdu, {}, { origin: 'three.example' })).status, 403);
    const ours = sign(invite({ sender: BOB }));
    assert.equal((await send(ours)).status, 403);
    for (const bad of [invite(), sign(invite(), server.stranger), { ...pdu, origin_server_ts: 5 }])
      assert.equal((await send({ signatures: {}, ...bad })).status, 400, 'not signed by the sender');
    assert.deepEqual(await invitesOf(server, room.roomId), []);
  },
);

onEachDatabase('nobody is invited to a room that the administrators have blocked', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { room, sign, invite, send } = elsewhere(server);
  await setRoomBlocked(server.rooms, room.roomId, { userNid: 1 }, true);
  const { status, body } = await send(sign(invite()));
  assert.deepEqual([status, body.errcode, body.event], [403, 'M_FORBIDDEN', undefined]);
  assert.deepEqual(await invitesOf(server, room.roomId), []);
  await setRoomBlocked(server.rooms, room.roomId, { userNid: 1 }, false);
  assert.equal((await send(sign(invite()))).status, 200);
});

onEachDatabase('N073 a room version that we do not know, or know to be another, is refused', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { sign, invite, send } = elsewhere(server);
  const unknown = await send(sign(invite()), { room_version: '99' });
  assert.deepEqual([unknown.status, unknown.body.errcode], [400, 'M_INCOMPATIBLE_ROOM_VERSION']);
  assert.equal(unknown.body.room_version, '99');
  assert.deepEqual(server.unknownVersions, ['an invite by two.example: version 99']);
  const old = await send(sign(invite()), { room_version: '1' });
  assert.equal(old.status, 400, 'in version 1 that is no event');
  // We are in this room, and it is of version 10.
  const room = await newRoom(server.rooms, { version: '10' });
  const pdu = signEvent(
    { ...invite(), room_id: room.roomId },
    elsewhere(server, '11').room.version,
    'two.example',
    server.visitor.signingKey,
    nodeCrypto,
  );
  const other = await send(pdu, { room_version: '11' }, { room: room.roomId });
  assert.deepEqual([other.status, other.body.errcode], [400, 'M_INCOMPATIBLE_ROOM_VERSION']);
  assert.equal(server.unknownVersions.length, 1, 'those that we know are another matter');
});

onEachDatabase('a room that we are only told of takes the version of the newest invite', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const version of ['9', '11', '10']) {
    const { room, sign, invite, send } = elsewhere(server, version);
    assert.equal((await send(sign(invite()))).status, 200);
    assert.equal((await server.rooms.rooms.get(db, room.roomId)).version.id, version);
  }
});

onEachDatabase('N058 of what is told of the room only what can be shown is kept', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { room, sign, invite, send } = elsewhere(server);
  const name = (text: string) => room.pdu({ type: 'm.room.name', sender: DORA, stateKey: '', content: { name: text } });
  const stripped = { type: 'm.room.topic', state_key: '', sender: DORA, content: { topic: 'stripped' } };
  const other = new TestRoom('11', 'other');
  other.found({}, DORA);
  const events = [
    null,
    'text',
    5,
    [],
    {},
    { ...stripped, type: 5 },
    { ...stripped, content: 'x' },
    { ...stripped, state_key: undefined },
    { ...stripped, more: 'x'.repeat(1000), event_id: '$x' },
    sign(name('whole')),
    { ...sign(name('forged')), origin_server_ts: 1 },
    name('unsigned'),
    sign(other.pdu({ type: 'm.room.avatar', sender: DORA, stateKey: '', content: {} })),
    { type: 'm.room.member', state_key: ALICE, sender: DORA, content: { membership: 'join' } },
  ];
  const sent = sign(invite());
  assert.equal((await send(sent, { invite_room_state: events as never })).status, 200);
  assert.deepEqual(await told(server, room.roomId), [
    stripped,
    { type: 'm.room.name', state_key: '', sender: DORA, content: { name: 'whole' } },
    { type: 'm.room.member', state_key: ALICE, sender: DORA, content: { membership: 'invite' } },
  ]);
  for (const nothing of [5, 'x', {}, null, Array.from({ length: 10_000 }, () => stripped)]) {
    assert.equal((await send(sent, { invite_room_state: nothing as never })).status, 200);
    assert.ok((await told(server, room.roomId)).length <= 51);
  }
  const huge = { ...stripped, content: { topic: 'x'.repeat(60_000) } };
  assert.equal((await send(sent, { invite_room_state: Array.from({ length: 15 }, () => huge) })).status, 200);
  assert.ok(JSON.stringify(await told(server, room.roomId)).length < 300_000);
});

onEachDatabase('where we are in the room the invite is signed and comes with the other events', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  await server.join(room, DORA as UserId);
  const proposed = await server.proposed('join', room, DORA as UserId);
  const pdu = server.sign(room, proposed, { state_key: BOB, content: { membership: 'invite' } });
  const id = encodeURIComponent(idOf(pdu, '11'));
  const body = { room_version: '11', event: pdu };
  const { status } = await server.call('PUT', `/v2/invite/${encodeURIComponent(room.roomId)}/${id}`, body);
  assert.equal(status, 200);
  assert.equal(await currentMembership(server.rooms, db, room, BOB), undefined);
  await joinAll(server.rooms, room, [BOB]);
});

onEachDatabase('N093 where we are in the room a server that its ACL denies gets no signature', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const [version, id] of [
    ['v2', '11'],
    ['v1', '1'],
  ] as const) {
    const room = await newRoom(server.rooms, { version: id });
    await server.join(room, DORA as UserId);
    const proposed = await server.proposed('join', room, DORA as UserId);
    const pdu = server.sign(room, proposed, { state_key: BOB, content: { membership: 'invite' } });
    await setState(server.rooms, room, ALICE, 'm.room.server_acl', { allow: ['*'], deny: ['two.example'] });
    const path = `/${version}/invite/${encodeURIComponent(room.roomId)}/${encodeURIComponent(idOf(pdu, id))}`;
    const sent = version === 'v1' ? pdu : { room_version: id, event: pdu };
    const { status, body } = await server.call('PUT', path, sent);
    assert.deepEqual([status, body.errcode, body.event], [403, 'M_FORBIDDEN', undefined]);
  }
  assert.deepEqual(server.admitted, []);
});

onEachDatabase('the first version takes the event alone, in rooms of the first two versions', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const version of ['1', '2']) {
    const { room, sign, invite } = elsewhere(server, version);
    const create = { type: 'm.room.create', state_key: '', sender: DORA, content: { room_version: version } };
    const pdu = { ...sign(invite()), unsigned: { invite_room_state: [create] } };
    const path = `/v1/invite/${encodeURIComponent(room.roomId)}/${encodeURIComponent(idOf(pdu, version))}`;
    const { status, body } = await server.call('PUT', path, pdu);
    assert.equal(status, 200);
    const [code, { event }] = body as unknown as [number, JsonObject];
    assert.ok(code === 200 && getObject(getObject({ event: event ?? {} }, 'event') ?? {}, 'signatures') !== undefined);
    assert.equal((await server.rooms.rooms.get(db, room.roomId)).version.id, version);
    assert.deepEqual((await told(server, room.roomId))[0], create);
  }
});
