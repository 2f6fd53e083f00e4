import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { signingKeyFromSeed } from '../../../base/node-crypto.ts';
import { encodeBase64 } from '../../../core/base64.ts';
import { signJson } from '../../../core/signatures.ts';

const BOB = '@bob:one.example';
const CAROL = '@carol:one.example';

onEachDatabase('people join by ID and alias, with what they say about themselves', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'public_chat', room_alias_name: 'grove' });
  const answer = await api.ok(
    api.post('bob', '/v3/join/%23grove:one.example?via=two.example&server_name=x', {
      reason: 'curious',
      foo: 'bar',
      membership: 'ban',
      join_authorised_via_users_server: '@alice:one.example',
    }),
  );
  assert.deepEqual(answer, { room_id: room });
  const path = `/v3/rooms/${room}/state/m.room.member/${BOB}`;
  const content = { membership: 'join', displayname: 'BOB', foo: 'bar', reason: 'curious' };
  assert.deepEqual(await api.ok(api.get('alice', path)), content);
  const event = await api.ok(api.get('alice', `${path}?format=event`));
  // Joining twice is joining once.
  await api.ok(api.post('bob', `/v3/rooms/${room}/join`));
  assert.equal((await api.ok(api.get('alice', `${path}?format=event`))).event_id, event.event_id);
  assert.deepEqual(await api.ok(api.get('bob', '/v3/joined_rooms')), { joined_rooms: [room] });
});

onEachDatabase('who may not join is told so', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', {});
  assert.deepEqual(await refusal(api.post('bob', `/v3/join/${room}`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/join/!nowhere:one.example')), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/join/%23nowhere:one.example')), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/join/%23nowhere:two.example')), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/join/%23nowhere')), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/join/nowhere')), [400, 'M_INVALID_PARAM']);
  const open = await api.create('alice');
  const suspended = api.post('bob', `/v3/join/${open}`, {}, { isSuspended: true });
  assert.deepEqual(await refusal(suspended), [403, 'M_USER_SUSPENDED']);
  const guest = api.post('bob', `/v3/join/${open}`, {}, { isGuest: true });
  assert.deepEqual(await refusal(guest), [403, 'M_GUEST_ACCESS_FORBIDDEN']);
  await api.setState('alice', open, 'm.room.guest_access', { guest_access: 'can_join' });
  await api.ok(api.post('bob', `/v3/join/${open}`, {}, { isGuest: true }));
});

onEachDatabase('invite, kick, ban, unban, leave and forget keep to their rules', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat' });
  const act = (who: string, what: string, target: string) =>
    refusal(api.post(who, `/v3/rooms/${room}/${what}`, { user_id: target, reason: 'because' }));
  assert.deepEqual(await act('alice', 'invite', BOB), [200, undefined]);
  assert.deepEqual(await act('alice', 'invite', BOB), [200, undefined]);
  assert.deepEqual(await act('alice', 'invite', 'bob'), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await act('alice', 'invite', '@alice:one.example'), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('carol', 'invite', CAROL), [403, 'M_FORBIDDEN']);
  await api.join('bob', room);
  assert.deepEqual(await act('alice', 'invite', BOB), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('bob', 'kick', '@alice:one.example'), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('alice', 'kick', CAROL), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('carol', 'ban', BOB), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('alice', 'unban', BOB), [403, 'M_BAD_STATE']);
  assert.deepEqual(await refusal(api.post('bob', `/v3/rooms/${room}/forget`)), [400, 'M_UNKNOWN']);
  assert.deepEqual(await act('alice', 'kick', BOB), [200, undefined]);
  assert.deepEqual(await act('alice', 'kick', BOB), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('alice', 'ban', BOB), [200, undefined]);
  assert.deepEqual(await act('alice', 'invite', BOB), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.post('bob', `/v3/rooms/${room}/leave`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await act('alice', 'unban', BOB), [200, undefined]);
  const member = await api.ok(api.get('alice', `/v3/rooms/${room}/state/m.room.member/${BOB}`));
  assert.deepEqual(member, { membership: 'leave', reason: 'because' });
  await api.ok(api.post('bob', `/v3/rooms/${room}/forget`));
  assert.deepEqual(await refusal(api.get('bob', `/v3/rooms/${room}/messages`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/rooms/!nowhere:one.example/leave')), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await act('alice', 'invite', BOB), [200, undefined]);
  // Suspended users can still decline.
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`, { reason: 'no' }, { isSuspended: true }));
});

onEachDatabase('knocking: only where the room is for it, again and again, until one is in or out', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat', room_version: '7' });
  const knock = () => refusal(api.post('bob', `/v3/knock/${room}?server_name=one.example`, { reason: 'please' }));
  assert.deepEqual(await knock(), [403, 'M_FORBIDDEN']);
  await api.setState('alice', room, 'm.room.join_rules', { join_rule: 'knock' });
  assert.deepEqual(await refusal(api.post('bob', `/v3/join/${room}`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await knock(), [200, undefined]);
  assert.deepEqual(await knock(), [200, undefined]);
  const member = await api.ok(api.get('alice', `/v3/rooms/${room}/state/m.room.member/${BOB}`));
  assert.deepEqual(member, { membership: 'knock', displayname: 'BOB', reason: 'please' });
  await api.ok(api.post('bob', `/v3/rooms/${room}/leave`));
  assert.deepEqual(await knock(), [200, undefined]);
  await api.ok(api.post('alice', `/v3/rooms/${room}/kick`, { user_id: BOB }));
  assert.deepEqual(await knock(), [200, undefined]);
  await api.ok(api.post('alice', `/v3/rooms/${room}/invite`, { user_id: BOB }));
  assert.deepEqual(await knock(), [403, 'M_FORBIDDEN']);
  await api.join('bob', room);
  assert.deepEqual(await knock(), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.post('bob', '/v3/knock/!nowhere:one.example')), [404, 'M_NOT_FOUND']);
});

onEachDatabase('a restricted room lets in members of the other room, and nobody by naming a sponsor', async (db, t) => {
  const api = new RoomApi(db, t);
  const space = await api.create('alice', { preset: 'private_chat' });
  const room = await api.create('alice', {
    initial_state: [
      {
        type: 'm.room.join_rules',
        content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] },
      },
    ],
  });
  assert.deepEqual(await refusal(api.post('bob', `/v3/join/${room}`)), [403, 'M_FORBIDDEN']);
  const sponsored = { membership: 'join', join_authorised_via_users_server: '@alice:one.example' };
  const path = `/v3/rooms/${room}/state/m.room.member/${BOB}`;
  assert.deepEqual(await refusal(api.put('bob', path, sponsored)), [403, 'M_FORBIDDEN']);
  await api.ok(api.post('alice', `/v3/rooms/${space}/invite`, { user_id: BOB }));
  assert.deepEqual(await refusal(api.post('bob', `/v3/join/${room}`)), [403, 'M_FORBIDDEN']);
  await api.join('bob', space);
  await api.join('bob', room);
  const member = await api.ok(api.get('alice', path));
  assert.equal(member.join_authorised_via_users_server, '@alice:one.example');
});

onEachDatabase('memberships written as state go the same way as those of their own endpoints', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const put = (who: string, target: string, content: object) =>
    refusal(api.put(who, `/v3/rooms/${room}/state/m.room.member/${target}`, content));
  assert.deepEqual(await put('bob', BOB, { membership: 'join', displayname: 'Bobby' }), [200, undefined]);
  const member = () => api.ok(api.get('alice', `/v3/rooms/${room}/state/m.room.member/${BOB}`));
  assert.deepEqual(await member(), { membership: 'join', displayname: 'Bobby' });
  assert.deepEqual(await put('alice', CAROL, { membership: 'join' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await put('alice', CAROL, { membership: 'invite' }), [200, undefined]);
  assert.deepEqual(await put('alice', CAROL, { membership: 'sleep' }), [400, 'M_BAD_JSON']);
  assert.deepEqual(await put('alice', CAROL, {}), [400, 'M_BAD_JSON']);
  assert.deepEqual(await put('alice', 'carol', { membership: 'invite' }), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await put('alice', BOB, { membership: 'ban', reason: 'spam' }), [200, undefined]);
  assert.deepEqual(await member(), { membership: 'ban', reason: 'spam' });
  assert.deepEqual(await put('alice', BOB, { membership: 'leave' }), [200, undefined]);
  assert.deepEqual(await put('carol', CAROL, { membership: 'leave' }), [200, undefined]);
});

const identityServer = signingKeyFromSeed('ed25519:0', new Uint8Array(32).fill(7));
const proofOf = (mxid: string, token = 'token', sender = '@alice:one.example') =>
  signJson({ mxid, token, sender }, 'id.example', identityServer);

onEachDatabase('who was invited by an address comes in with the proof of having it', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { preset: 'private_chat' });
  const public_key = encodeBase64(identityServer.publicKey);
  const offer = { display_name: 'b...', public_key, key_validity_url: 'https://id.example', public_keys: [] };
  await api.setState('alice', room, 'm.room.third_party_invite', offer, 'token');
  const join = (who: string, signed: unknown) =>
    api.post(who, `/v3/rooms/${room}/join`, { third_party_signed: signed });
  const proof = proofOf(BOB);
  for (const [who, signed, why] of [
    ['carol', proof, 'the proof of another'],
    ['bob', { ...proof, signatures: {} }, 'not signed'],
    ['bob', { ...proof, extra: 'more' }, 'not what was signed'],
    ['bob', proofOf(BOB, 'other'), 'of no invite'],
    ['bob', proofOf(BOB, 'token', '@dora:two.example'), 'of one who did not invite'],
  ] as const)
    assert.match(String((await refusal(join(who, signed)))[1]), /M_FORBIDDEN|M_NOT_FOUND/, why);
  assert.deepEqual(await refusal(join('bob', { mxid: BOB })), [400, 'M_MISSING_PARAM']);
  assert.deepEqual(await refusal(join('bob', proofOf(BOB, 'token', 'alice'))), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await api.ok(join('bob', proof)), { room_id: room });
  const member = await api.ok(api.get('bob', `/v3/rooms/${room}/state/m.room.member/${BOB}`));
  assert.deepEqual([member.membership, member.third_party_signed], ['join', undefined]);
  assert.deepEqual(await api.ok(join('bob', { ...proof, token: 'spoiled' })), { room_id: room }, 'already in it');
});

onEachDatabase('the server of whoever invited is asked for an invite, with the proof', async (db, t) => {
  const asked: unknown[][] = [];
  const api = new RoomApi(db, t, { exchangeInvite: async (...args) => asked.push(args) });
  const signed = proofOf(BOB, 'token', '@dora:two.example');
  const join = api.post('bob', '/v3/join/!elsewhere:two.example', { third_party_signed: signed });
  assert.deepEqual(await refusal(join), [404, 'M_NOT_FOUND'], 'there is no federation here');
  const content = { membership: 'invite', third_party_invite: { display_name: '', signed } };
  const event = { room_id: '!elsewhere:two.example', sender: '@dora:two.example', state_key: BOB };
  assert.deepEqual(asked, [['two.example', event.room_id, { type: 'm.room.member', ...event, content }]]);
});
