import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { DORA } from '../../../test/support/remote-events.ts';
import { ResidentServer } from '../../../test/support/resident-server.ts';
import { ALICE, BOB, newRoom, setState, timelineOf } from '../../../test/support/rooms.ts';
import { signingKeyFromSeed } from '../../base/node-crypto.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { JsonObject } from '../../core/json.ts';
import { signJson } from '../../core/signatures.ts';
import { currentMembership } from '../../rooms/current-membership.ts';

const identityServer = signingKeyFromSeed('ed25519:0', new Uint8Array(32).fill(77));
const proof = (mxid: string, token = 'token') => signJson({ mxid, token }, 'id.example', identityServer);

const bind = (server: ResidentServer, invites: readonly JsonObject[], mxid: string = BOB) =>
  server.call('PUT', '/v1/3pid/onbind', { medium: 'email', address: 'bob@example.org', mxid, invites: [...invites] });

onEachDatabase(
  'who was invited by address before there was an account is invited by name, with proof',
  async (db, t) => {
    const server = new ResidentServer(t, db);
    const { rooms } = server;
    server.others = () => assert.fail('nobody else is asked');
    const room = await newRoom(rooms, { version: '11' });
    const public_key = encodeBase64(identityServer.publicKey);
    const offer = {
      display_name: 'b...@example',
      public_key,
      key_validity_url: 'https://id',
      public_keys: [{ public_key }],
    };
    await setState(rooms, room, ALICE, 'm.room.third_party_invite', offer, 'token');
    const membership = async () => (await currentMembership(rooms, db, room, BOB))?.membership;
    const invite = (signed: JsonObject, more: JsonObject = {}) => ({
      medium: 'email',
      address: 'bob@example.org',
      mxid: BOB,
      room_id: room.roomId,
      sender: ALICE,
      signed,
      ...more,
    });
    const forged = [
      invite({ ...proof(BOB), signatures: {} }),
      invite(proof(DORA)),
      invite(proof(BOB, 'other')),
      invite(proof(BOB), { sender: '@carol:one.example' }),
      invite(proof(BOB), { room_id: '!none:one.example' }),
      invite(proof(BOB), { sender: 5 }),
      {},
    ];
    assert.deepEqual(await bind(server, forged), { status: 200, body: {} });
    assert.equal(await membership(), undefined, 'what proves nothing invites nobody');
    assert.equal((await bind(server, [invite(proof(BOB))], DORA)).status, 400);
    assert.equal((await bind(server, [5 as never])).status, 400);
    assert.deepEqual(await bind(server, [forged[0] ?? {}, invite(proof(BOB))]), { status: 200, body: {} });
    assert.equal(await membership(), 'invite');
    const last = (await timelineOf(rooms, room)).at(-1)?.event;
    assert.deepEqual([last?.sender, last?.stateKey], [ALICE, BOB]);
    const third_party_invite = { display_name: 'b...@example', signed: proof(BOB) };
    assert.deepEqual(last?.content, { membership: 'invite', third_party_invite });
  },
);

onEachDatabase(
  'the server of whoever invited is asked for an invite, and no more often than it should',
  async (db, t) => {
    const server = new ResidentServer(t, db);
    const asked: unknown[] = [];
    server.others = (name, { method, path, body }) => {
      asked.push([name, method, path, body]);
      return {};
    };
    const invite = {
      medium: 'email',
      address: 'b',
      mxid: BOB,
      room_id: '!r:two.example',
      sender: DORA,
      signed: proof(BOB),
    };
    await bind(server, [invite]);
    const content = { membership: 'invite', third_party_invite: { display_name: '', signed: proof(BOB) } };
    const event = { type: 'm.room.member', room_id: '!r:two.example', sender: DORA, state_key: BOB, content };
    const path = '/_matrix/federation/v1/exchange_third_party_invite/!r%3Atwo.example';
    assert.deepEqual(asked, [['two.example', 'PUT', path, event]]);
    await bind(
      server,
      Array.from({ length: 500 }, () => invite),
    );
    assert.equal(asked.length, 21);
    assert.ok(server.admitted.length >= 21 && server.admitted.every(user => user === BOB));
  },
);
