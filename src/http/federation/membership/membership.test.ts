import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { DORA, EMIL } from '../../../../test/support/remote-events.ts';
import { idOf, ResidentServer } from '../../../../test/support/resident-server.ts';
import { ALICE, BOB, joinAll, newRoom, say, setState, timelineOf } from '../../../../test/support/rooms.ts';
import type { EventId, ServerName, UserId } from '../../../core/ids.ts';
import { getArray, getObject, getString, type JsonObject } from '../../../core/json.ts';
import { knownRoomVersions } from '../../../core/room-versions.ts';
import { currentMembership } from '../../../rooms/current-membership.ts';
import { addIncomplete, removeIncomplete } from '../../../rooms/incomplete-rooms.table.ts';
import { ban, invite, kick, leave } from '../../../rooms/membership.ts';
import { OWN, type Room } from '../../../rooms/room.ts';

const events = (body: JsonObject, key: string) => getArray(body, key) as readonly JsonObject[];
const keysIn = (body: JsonObject, key: string) =>
  events(body, key)
    .map(event => `${event.type}|${event.state_key}`)
    .sort();

async function membershipOf({ rooms }: ResidentServer, room: Room, user: UserId) {
  return (await currentMembership(rooms, rooms.db, room, user))?.membership;
}

onEachDatabase('a user of another server joins in every room version, and leaves again', async (db, t) => {
  const server = new ResidentServer(t, db);
  for (const { id } of knownRoomVersions) {
    const room = await newRoom(server.rooms, { version: id });
    const { status, body } = await server.join(room, DORA);
    assert.equal(status, 200, `${id}: ${JSON.stringify(body)}`);
    assert.equal(await membershipOf(server, room, DORA), 'join');
    assert.deepEqual(
      [body.origin, body.members_omitted, body.servers_in_room],
      ['one.example', false, ['one.example']],
    );
    assert.ok(keysIn(body, 'state').includes(`m.room.member|${ALICE}`));
    assert.ok(!keysIn(body, 'state').includes(`m.room.member|${DORA}`), 'the state is that before the join');
    const last = (await timelineOf(server.rooms, room)).at(-1);
    assert.equal(last?.event.id, idOf(getObject(body, 'event') ?? {}, id));
    assert.equal(last?.flags, OWN, 'we pass the join on');
    const out = server.sign(room, await server.proposed('leave', room, DORA));
    assert.deepEqual(await server.send('/v2/send_leave', room, out), { status: 200, body: {} });
    assert.equal(await membershipOf(server, room, DORA), 'leave');
  }
});

onEachDatabase('the answer to a join has every event that its events rest on', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '10' });
  await joinAll(server.rooms, room, [BOB]);
  await leave(server.rooms, room, { sender: BOB });
  await joinAll(server.rooms, room, [BOB]);
  for (const level of [50, 60])
    await setState(server.rooms, room, ALICE, 'm.room.power_levels', { users: { [ALICE]: 100, [BOB]: level } });
  const { body } = await server.join(room, DORA);
  const given = new Set([...events(body, 'state'), ...events(body, 'auth_chain')].map(pdu => idOf(pdu, '10')));
  for (const pdu of [...events(body, 'state'), ...events(body, 'auth_chain'), getObject(body, 'event')!])
    for (const id of getArray(pdu, 'auth_events') ?? []) assert.ok(given.has(String(id)));
  const chain = events(body, 'auth_chain').map(pdu => idOf(pdu, '10'));
  for (const [at, pdu] of events(body, 'auth_chain').entries())
    for (const id of getArray(pdu, 'auth_events') ?? []) assert.ok(chain.indexOf(String(id)) < at, 'in their order');
  const first = (await timelineOf(server.rooms, room)).find(({ event }) => event.stateKey === BOB);
  assert.ok(chain.includes(first?.event.id ?? ''), 'the first join of Bob is what his leave rests on');
});

onEachDatabase('without members the answer has the heroes, and nothing twice', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11', visibility: 'private' });
  await joinAll(server.rooms, room, [BOB]);
  const { body } = await server.join(room, DORA, '?omit_members=true');
  assert.equal(body.members_omitted, true);
  assert.deepEqual(
    keysIn(body, 'state').filter(key => key.startsWith('m.room.member')),
    [`m.room.member|${ALICE}`, `m.room.member|${BOB}`],
  );
  const both = [...events(body, 'state'), ...events(body, 'auth_chain')].map(pdu => idOf(pdu, '11'));
  assert.equal(new Set(both).size, both.length);
  await setState(server.rooms, room, ALICE, 'm.room.name', { name: 'Named' });
  const again = await server.join(room, EMIL, '?omit_members=true');
  assert.deepEqual(
    keysIn(again.body, 'state').filter(key => key.startsWith('m.room.member')),
    [],
  );
  assert.deepEqual(again.body.servers_in_room, ['one.example', 'two.example']);
  const chain = keysIn(again.body, 'auth_chain');
  assert.ok(chain.includes(`m.room.member|${ALICE}`), 'who set the state is in the auth chain');
});

onEachDatabase('the first version answers the same behind a status', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const pdu = server.sign(room, await server.proposed('join', room, DORA));
  const { status, body } = await server.send('/v1/send_join', room, pdu);
  assert.equal(status, 200);
  const [code, answer] = body as unknown as [number, JsonObject];
  assert.equal(code, 200);
  assert.ok(keysIn(answer, 'state').includes('m.room.create|'));
  const again = await server.send('/v1/send_join', room, pdu);
  assert.equal(again.status, 200, 'a request that is repeated is answered again');
  const out = server.sign(room, await server.proposed('leave', room, DORA));
  assert.deepEqual((await server.send('/v1/send_leave', room, out)).body, [200, {}]);
});

onEachDatabase('N122 nobody asks for a user of another server', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  for (const membership of ['join', 'leave', 'knock']) {
    for (const user of [ALICE, '@mallory:three.example', 'dora', '@dora:two.example:1'])
      assert.equal((await server.template(membership, room, user)).status, 403, `${membership} ${user}`);
  }
});

onEachDatabase('a template is given where the room and its rules allow it', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '9' });
  const ask = async (room: Pick<Room, 'roomId' | 'version'>, membership = 'join') => {
    const { status, body } = await server.template(membership, room, DORA);
    return [status, body.errcode];
  };
  const other = await server.call('GET', `/v1/make_join/${room.roomId}/${DORA}`);
  assert.deepEqual(
    [other.status, other.body.errcode, other.body.room_version],
    [400, 'M_INCOMPATIBLE_ROOM_VERSION', '9'],
  );
  assert.deepEqual(await ask({ roomId: '!no:one.example' as Room['roomId'], version: room.version }), [
    404,
    'M_NOT_FOUND',
  ]);
  assert.deepEqual(await ask(room, 'knock'), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await ask(room, 'leave'), [403, 'M_FORBIDDEN']);
  await ban(server.rooms, room, { sender: ALICE }, DORA);
  assert.deepEqual(await ask(room), [403, 'M_FORBIDDEN']);
  const closed = await newRoom(server.rooms, { preset: 'private_chat' });
  assert.deepEqual(await ask(closed), [403, 'M_FORBIDDEN']);
  await leave(server.rooms, closed, { sender: ALICE });
  assert.deepEqual(await ask(closed), [404, 'M_NOT_FOUND'], 'we are not in it any more');
});

onEachDatabase('N093 a server that the ACL denies gets no template and brings nothing in', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const early = server.sign(room, await server.proposed('join', room, DORA));
  await setState(server.rooms, room, ALICE, 'm.room.server_acl', { allow: ['*'], deny: ['TWO.example'] });
  assert.equal((await server.template('join', room, DORA)).status, 403);
  assert.equal((await server.send('/v2/send_join', room, early)).status, 403);
  assert.equal((await server.template('join', room, '@x:three.example', 'three.example')).status, 200);
});

onEachDatabase('N069 a path that names another room or event than the event is refused', async (db, t) => {
  const server = new ResidentServer(t, db);
  const [room, other] = [
    await newRoom(server.rooms, { version: '11' }),
    await newRoom(server.rooms, { version: '11' }),
  ];
  const pdu = server.sign(room, await server.proposed('join', room, DORA));
  const id = encodeURIComponent(idOf(pdu, '11'));
  for (const [roomId, eventId] of [
    [other.roomId, id],
    [room.roomId, '$other'],
  ]) {
    const { status, body } = await server.call('PUT', `/v2/send_join/${roomId}/${eventId}`, pdu);
    assert.deepEqual([status, body.errcode], [400, 'M_INVALID_PARAM']);
  }
  assert.equal(await server.rooms.events.byId(db, idOf(pdu, '11') as EventId), undefined);
});

onEachDatabase('N070 an event that its sender has not signed is refused', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const event = await server.proposed('join', room, DORA);
  const byOther = server.sign(room, event, {}, server.stranger);
  assert.equal((await server.send('/v2/send_join', room, byOther)).status, 403);
  assert.equal((await server.send('/v2/send_join', room, byOther, '', 'three.example')).status, 403);
  const named = { content: { membership: 'join', displayname: 'Dora' } };
  const changed = { ...server.sign(room, event, named), content: { membership: 'join', displayname: 'Other' } };
  assert.equal((await server.send('/v2/send_join', room, changed)).status, 400, 'its content hash is wrong');
  assert.equal(await membershipOf(server, room, DORA), undefined);
});

onEachDatabase('N051 what is no event of the room version is bad JSON', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '6' });
  const join = server.sign(room, await server.proposed('join', room, DORA));
  const content = { membership: 'join' };
  const wrong: JsonObject[] = [
    { ...join, content: { ...content, odd: 1.5 } },
    { ...join, content: { ...content, odd: Number.MAX_SAFE_INTEGER + 1 } },
    { ...join, depth: -1 },
    { ...join, prev_events: 5 },
  ];
  for (const pdu of wrong) {
    for (const way of ['v1/send_join', 'v2/send_join', 'v1/send_leave', 'v2/send_leave', 'v1/send_knock']) {
      const { status, body } = await server.call('PUT', `/${way}/${room.roomId}/$x`, pdu);
      assert.deepEqual([status, body.errcode], [400, 'M_BAD_JSON'], way);
    }
    const invite = { room_version: '6', event: pdu };
    const { status, body } = await server.call('PUT', `/v2/invite/${room.roomId}/$x`, invite);
    assert.deepEqual([status, body.errcode], [400, 'M_BAD_JSON']);
  }
  const large = { ...join, content: { ...content, much: 'x'.repeat(70_000) } };
  const { status, body } = await server.call('PUT', `/v2/send_join/${room.roomId}/$x`, large);
  assert.deepEqual([status, body.errcode], [413, 'M_TOO_LARGE']);
});

onEachDatabase('N205 only what the endpoint is for is taken, and only of the sender', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  await server.join(room, DORA);
  const join = await server.proposed('join', room, DORA);
  const wrong: JsonObject[] = [
    { type: 'm.room.message' },
    { content: { membership: 'leave' } },
    { content: { membership: 'invite' } },
    { content: {} },
    { state_key: EMIL },
    { state_key: ALICE },
    { sender: ALICE, state_key: ALICE },
  ];
  for (const more of wrong) {
    const { status } = await server.send('/v2/send_join', room, server.sign(room, join, more));
    assert.ok(status === 400 || status === 403, `${JSON.stringify(more)}: ${status}`);
  }
  const { state_key: _, ...stateless } = join;
  assert.equal((await server.send('/v2/send_join', room, server.sign(room, stateless))).status, 400);
  assert.equal((await server.send('/v2/send_leave', room, server.sign(room, join))).status, 400);
  assert.equal((await server.send('/v1/send_knock', room, server.sign(room, join))).status, 400);
  assert.equal(await membershipOf(server, room, EMIL), undefined);
  assert.equal((await timelineOf(server.rooms, room)).filter(({ event }) => event.sender === DORA).length, 1);
});

onEachDatabase('a join is judged when it comes, whatever the template said', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const join = await server.proposed('join', room, DORA);
  await ban(server.rooms, room, { sender: ALICE }, DORA);
  const early = server.sign(room, join);
  const { status, body } = await server.send('/v2/send_join', room, early);
  assert.deepEqual([status, body.errcode], [403, 'M_FORBIDDEN']);
  assert.equal(await server.rooms.events.byId(db, idOf(early, room.version) as EventId), undefined, 'nothing is left');
  assert.equal(await membershipOf(server, room, DORA), 'ban');
  const unknown = server.sign(room, await server.proposed('join', room, EMIL), { prev_events: [`$${'a'.repeat(43)}`] });
  assert.deepEqual((await server.send('/v2/send_join', room, unknown)).body.errcode, 'M_INVALID_PARAM');
});

onEachDatabase('into a restricted room we let those who are in the other room, with our signature', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const lobby = await newRoom(rooms);
  const room = await newRoom(rooms, { version: '10', preset: 'private_chat' });
  const restrict = (ids: readonly string[]) =>
    setState(rooms, room, ALICE, 'm.room.join_rules', {
      join_rule: 'restricted',
      allow: ids.map(room_id => ({ type: 'm.room_membership', room_id })),
    });
  await restrict([lobby.roomId]);
  assert.equal((await server.template('join', room, DORA)).body.errcode, 'M_FORBIDDEN');
  await server.join(lobby, DORA);
  const join = await server.proposed('join', room, DORA);
  assert.equal(getString(getObject(join, 'content') ?? {}, 'join_authorised_via_users_server'), ALICE);
  const pdu = server.sign(room, join);
  await restrict(['!elsewhere:three.example']);
  assert.equal((await server.template('join', room, DORA)).body.errcode, 'M_UNABLE_TO_AUTHORISE_JOIN');
  assert.equal((await server.send('/v2/send_join', room, pdu)).body.errcode, 'M_UNABLE_TO_AUTHORISE_JOIN');
  await restrict([lobby.roomId]);
  // Of the lobby we do not know all members yet: others may know Emil among them.
  await db.tx(tx => addIncomplete(tx, { roomNid: lobby.nid, joinNid: 1, servers: [], now: 0 }));
  assert.equal((await server.template('join', room, EMIL)).body.errcode, 'M_UNABLE_TO_AUTHORISE_JOIN');
  await db.tx(tx => removeIncomplete(tx, lobby.nid));
  assert.equal((await server.template('join', room, EMIL)).body.errcode, 'M_FORBIDDEN');
  const { status, body } = await server.send('/v2/send_join', room, pdu);
  assert.equal(status, 200, JSON.stringify(body));
  const signers = Object.keys(getObject(getObject(body, 'event') ?? {}, 'signatures') ?? {});
  assert.deepEqual(signers.sort(), ['one.example', 'two.example']);
  assert.equal(await membershipOf(server, room, DORA), 'join');
});

onEachDatabase('of a restricted room where nobody of ours may invite we send them elsewhere', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const lobby = await newRoom(rooms);
  await server.join(lobby, DORA);
  const room = await newRoom(rooms, { version: '10', preset: 'private_chat' });
  await setState(rooms, room, ALICE, 'm.room.join_rules', {
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: lobby.roomId }],
  });
  const join = server.sign(room, await server.proposed('join', room, DORA));
  await setState(rooms, room, ALICE, 'm.room.power_levels', { users: {}, users_default: 0, invite: 50 });
  assert.equal((await server.template('join', room, DORA)).body.errcode, 'M_UNABLE_TO_GRANT_JOIN');
  assert.equal((await server.send('/v2/send_join', room, join)).body.errcode, 'M_UNABLE_TO_GRANT_JOIN');
});

onEachDatabase('a user of another server knocks, takes it back, knocks again and is thrown out', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms, { version: '11', preset: 'private_chat', name: 'Behind the door' });
  await setState(rooms, room, ALICE, 'm.room.join_rules', { join_rule: 'knock' });
  const knock = async () => {
    const pdu = server.sign(room, await server.proposed('knock', room, DORA));
    return server.send('/v1/send_knock', room, pdu);
  };
  const { status, body } = await knock();
  assert.equal(status, 200, JSON.stringify(body));
  const told = events(body, 'knock_room_state');
  for (const type of ['m.room.create', 'm.room.join_rules', 'm.room.name'])
    assert.ok(told.some(event => event.type === type));
  assert.ok(
    told.every(event => getObject(event, 'signatures') !== undefined),
    'as whole events',
  );
  const back = server.sign(room, await server.proposed('leave', room, DORA));
  assert.equal((await server.send('/v2/send_leave', room, back)).status, 200);
  assert.equal((await knock()).status, 200);
  await kick(rooms, room, { sender: ALICE }, DORA);
  await invite(rooms, room, { sender: ALICE }, DORA);
  assert.equal((await server.template('knock', room, DORA)).status, 403, 'who is invited need not knock');
  await say(rooms, room, ALICE, 'x');
  const declined = server.sign(room, await server.proposed('leave', room, DORA));
  assert.equal((await server.send('/v2/send_leave', room, declined, '', 'two.example' as ServerName)).status, 200);
});
