import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../../test/clients/eventually.ts';
import { ScriptedResident } from '../../../test/support/scripted-resident.ts';
import { refuse, ServerWorld } from '../../../test/support/server-world.ts';
import type { Client } from '../../../test/support/whole-server.ts';
import { nodeCrypto, signingKeyFromSeed } from '../../base/node-crypto.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { SigningKey } from '../../core/crypto.ts';
import { getArray, getObject, type Json, type JsonObject } from '../../core/json.ts';
import { signEvent } from '../../core/signatures.ts';

const enc = encodeURIComponent;
const POLICY = 'policy.example';
const KEY = 'ed25519:policy_server';
const key = (seed: number) => signingKeyFromSeed(KEY, new Uint8Array(32).fill(seed));

/** A room on a policy server by script, which it uses, and Alice of ours in it with all power. */
async function start(t: TestContext, version = '11') {
  const world = new ServerWorld();
  const server = await world.server(t, 'one.example');
  const policy = await ScriptedResident.start(t, world, POLICY, version);
  const alice = await server.user('alice');
  const { room, owner } = policy;
  room.levels({ users: { [owner]: 100, [alice.id]: 100 } }, owner);
  const content = { via: POLICY, public_keys: { ed25519: encodeBase64(key(7).publicKey) } };
  room.send({ type: 'm.room.policy', stateKey: '', sender: owner, content });
  const asked: JsonObject[] = [];
  const got: Json[] = [];
  const answers = {
    sign: (pdu: JsonObject, _response: Parameters<typeof policy.other>[2]): Json | undefined =>
      signatures(policy, pdu, key(7)),
  };
  policy.other = (uri, body, response) => {
    if (uri.startsWith('/_matrix/federation/v1/send/')) got.push(...(getArray(body, 'pdus') ?? []));
    if (uri !== '/_matrix/policy/v1/sign') return {};
    asked.push(body);
    return answers.sign(body, response);
  };
  await alice.ok('POST', `/v3/join/${enc(room.roomId)}?via=${POLICY}`);
  const say = (body: string) =>
    alice.call('PUT', `/v3/rooms/${enc(room.roomId)}/send/m.room.message/${body}`, { body, msgtype: 'm.text' });
  return { server, policy, alice, asked, got, answers, say };
}

/** As the policy server answers: its own signature alone. */
function signatures(policy: ScriptedResident, pdu: JsonObject, by: SigningKey): JsonObject {
  const signed = signEvent(pdu, policy.room.version, POLICY, by, nodeCrypto);
  return { [POLICY]: { [KEY]: getObject(signed.signatures, POLICY)?.[KEY] ?? '' } };
}

async function bodies(user: Client, roomId: string): Promise<unknown[]> {
  const { chunk } = await user.ok('GET', `/v3/rooms/${enc(roomId)}/messages?dir=b&limit=20`);
  return (chunk as readonly JsonObject[])
    .filter(event => event.type === 'm.room.message')
    .map(event => (event.content as JsonObject).body);
}

test('what our users send is signed by the policy server first', async t => {
  const { policy, alice, asked, got, say } = await start(t);
  assert.equal((await say('hello')).status, 200);
  assert.deepEqual(await bodies(alice, policy.room.roomId), ['hello']);
  assert.equal(asked.length, 1);
  assert.deepEqual(Object.keys(getObject(asked[0]!, 'signatures') ?? {}), ['one.example']);
  await eventually(async () => assert.ok(got.length > 0));
  const [sent] = got as [JsonObject];
  assert.deepEqual(Object.keys(getObject(sent, 'signatures') ?? {}).sort(), ['one.example', POLICY]);
  // An event for which it was asked twice would have been made twice.
  assert.equal((await say('hello')).status, 200, 'the same transaction');
  assert.equal(asked.length, 1);
});

test('what the policy server does not want is not sent, and its words reach the sender', async t => {
  const { policy, alice, answers, say } = await start(t);
  const more = { error: 'that is spam', 'org.example.rule': 'no adverts' };
  answers.sign = (_, response) => refuse(response, 400, 'M_FORBIDDEN', more);
  assert.deepEqual(await say('spam'), { status: 400, body: { errcode: 'M_FORBIDDEN', ...more } });
  answers.sign = (_, response) => refuse(response, 401, 'M_FORBIDDEN', more);
  assert.deepEqual(await say('status'), { status: 403, body: { errcode: 'M_FORBIDDEN', ...more } });
  answers.sign = (_, response) => refuse(response, 401, 'M_UNKNOWN_TOKEN', { error: 'go away', soft_logout: false });
  assert.deepEqual(await say('token'), { status: 403, body: { errcode: 'M_FORBIDDEN', error: 'go away' } });
  answers.sign = (_, response) => refuse(response, 429, 'M_LIMIT_EXCEEDED', { retry_after_ms: 7000 });
  const { status, body } = await say('much');
  assert.deepEqual([status, body.retry_after_ms], [429, 7000]);
  answers.sign = (_, response) => refuse(response, 503, 'M_UNKNOWN');
  assert.equal((await say('unheard')).status, 502);
  for (const answer of [{}, { [POLICY]: { [KEY]: 5 } }, { [POLICY]: { [KEY]: 'x'.repeat(1000) } }, []]) {
    answers.sign = () => answer;
    assert.equal((await say('odd')).status, 403);
  }
  answers.sign = pdu => signatures(policy, pdu, key(8));
  assert.equal((await say('signed by another key')).status, 403);
  assert.deepEqual(await bodies(alice, policy.room.roomId), []);
  answers.sign = pdu => signatures(policy, pdu, key(7));
  assert.equal((await say('odd')).status, 200, 'nothing is left behind');
});

test('the policy server is not asked about itself, nor where the room has none', async t => {
  const { policy, alice, asked, say } = await start(t);
  const set = (content: JsonObject, stateKey = '') =>
    alice.ok('PUT', `/v3/rooms/${enc(policy.room.roomId)}/state/m.room.policy/${stateKey}`, content);
  await set({ via: 'nobody.example', public_keys: { ed25519: encodeBase64(key(7).publicKey) } });
  assert.equal((await say('it has nobody in the room')).status, 200);
  await set({ via: POLICY });
  assert.equal((await say('without a key')).status, 200);
  await set({ via: POLICY, public_keys: { ed25519: encodeBase64(key(7).publicKey) } });
  assert.equal(asked.length, 0);
  await set({}, 'another');
  assert.equal((await say('again')).status, 200);
  assert.deepEqual(
    asked.map(({ type }) => type),
    ['m.room.policy', 'm.room.message'],
  );
  for (const ed25519 of ['no key', 'AAAA']) {
    await set({ via: POLICY, public_keys: { ed25519 } });
    assert.equal((await say(`nothing verifies by ${ed25519}`)).status, 403);
  }
});

test('what comes from others without the signature is asked about, and held back where it is not wanted', async t => {
  const { server, policy, alice, asked, answers } = await start(t);
  const { room, owner } = policy;
  const made = (body: string) =>
    policy.signed.signed(room.send({ type: 'm.room.message', sender: owner, content: { body } }));
  const wanted = made('wanted');
  const signed = made('signed');
  const own = signatures(policy, signed, key(7))[POLICY] as JsonObject;
  const both = {
    ...getObject(signed, 'signatures'),
    [POLICY]: { ...getObject(getObject(signed, 'signatures') ?? {}, POLICY), ...own },
  };
  await policy.transaction(server, 'one.example', [wanted, { ...signed, signatures: both }]);
  await eventually(async () => assert.equal((await bodies(alice, room.roomId)).length, 2));
  assert.equal(asked.length, 1);
  answers.sign = (_, response) => refuse(response, 400, 'M_FORBIDDEN');
  await policy.transaction(server, 'one.example', [made('spam')]);
  await eventually(async () => assert.equal(asked.length, 2));
  answers.sign = pdu => signatures(policy, pdu, key(7));
  await policy.transaction(server, 'one.example', [made('after it')]);
  await eventually(async () => assert.ok((await bodies(alice, room.roomId)).includes('after it')));
  assert.deepEqual((await bodies(alice, room.roomId)).sort(), ['after it', 'signed', 'wanted']);
});
