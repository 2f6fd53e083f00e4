import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { PASSWORD, Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');
const EACH_WAY = 100;
/** Both together as much as one sync brings unless it is asked for more. */
const TURN = 5;

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  stage = await Stage.open();
  alice = stage.client();
  bob = stage.client();
});
after(() => stage?.[Symbol.asyncDispose]());

test('a user registers as the server asks for it, and is logged in', async () => {
  const { flows, userId: name } = await alice.do('register', 'alice', PASSWORD);
  assert.deepEqual(flows, [['m.login.dummy']]);
  assert.equal(name, ALICE);
  assert.equal((await alice.do('whoami')).user_id, ALICE);
  await assert.rejects(stage.client().do('register', 'alice', PASSWORD), /M_USER_IN_USE/);
});

test('a user logs in with the password, and not with another one', async () => {
  const first = stage.client();
  await first.do('register', 'bob', PASSWORD);
  const { deviceId } = await bob.do('logIn', 'bob', PASSWORD);
  assert.equal((await bob.do('whoami')).device_id, deviceId);
  assert.equal((await first.do('devices')).length, 2);
  await first.do('logOut');
  await assert.rejects(stage.client().do('logIn', 'bob', 'a heron at dawn'), /M_FORBIDDEN/);
});

test('an encrypted room is made; the one invited sees the invitation and joins', async () => {
  await Promise.all([alice.do('start', { encryption: true }), bob.do('start', { encryption: true })]);
  roomId = await alice.do('createEncryptedRoom', { name: 'Herons' });
  await alice.do('invite', roomId, BOB);
  await eventually(async () => {
    const room = await bob.do('room', roomId);
    assert.deepEqual([room?.membership, room?.name, room?.encrypted], ['invite', 'Herons', true]);
  });
  await bob.do('join', roomId);
  await eventually(async () => {
    assert.equal((await alice.do('members', roomId))[BOB]?.membership, 'join');
    assert.deepEqual(await bob.do('room', roomId), {
      membership: 'join',
      name: 'Herons',
      version: '12',
      encrypted: true,
      typing: [],
    });
  });
});

test(`${EACH_WAY} messages each way are read by the other, in order`, async () => {
  const written = (who: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${who} ${from + index}`);
  // In turns that fit into one sync: the SDK drops what it has when it falls behind by more, until somebody scrolls.
  for (let done = 0; done < EACH_WAY; done += TURN) {
    const to = done + TURN;
    await Promise.all([
      alice.do('sendTexts', roomId, written('alice', done, to)),
      bob.do('sendTexts', roomId, written('bob', done, to)),
    ]);
    await readAll(bob, ALICE, written('alice', 0, to));
    await readAll(alice, BOB, written('bob', 0, to));
  }
});

/** Says what the client's encryption complained of when it could not read something. */
async function readAll(reader: ClientProcess, sender: string, bodies: readonly string[]): Promise<void> {
  try {
    await eventually(async () => assert.deepEqual(await reader.do('bodiesOf', roomId, sender), bodies));
  } catch (error) {
    console.error(reader.warnings.join('\n'));
    throw error;
  }
}

test('the server has none of them in clear text', async () => {
  const read = (await bob.do('timeline', roomId)).filter(({ type }) => type === 'm.room.message');
  assert.ok(read.every(({ decrypted }) => decrypted));
  const answer = await get(`rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=1000`, bob);
  const { chunk } = (await answer.json()) as { chunk: { type: string; content: object }[] };
  const types = Map.groupBy(chunk, ({ type }) => type);
  assert.equal(types.get('m.room.encrypted')?.length, 2 * EACH_WAY);
  assert.equal(types.has('m.room.message'), false);
  assert.equal(JSON.stringify(chunk).includes('alice 7'), false);
});

test('edits, reactions and redactions work in the encrypted room', async () => {
  const id = await alice.do('sendText', roomId, 'a hern');
  await alice.do('edit', roomId, id, 'a heron');
  await eventually(async () => {
    const seen = await bob.do('event', roomId, id);
    assert.deepEqual([seen?.body, seen?.edited, seen?.decrypted], ['a heron', true, true]);
  });
  await bob.do('react', roomId, id, '🐦');
  await eventually(async () => assert.deepEqual(await alice.do('reactions', roomId, id), { '🐦': [BOB] }));
  await alice.do('redact', roomId, id, 'it was an egret');
  await eventually(async () => assert.equal((await bob.do('event', roomId, id))?.redacted, true));
});

test('after logging out the token is dead', async () => {
  const before = await get('account/whoami', alice);
  assert.equal(before.status, 200);
  await alice.do('logOut');
  const answer = await get('account/whoami', alice);
  assert.equal(answer.status, 401);
  assert.equal(((await answer.json()) as { errcode: string }).errcode, 'M_UNKNOWN_TOKEN');
  assert.equal((await bob.do('whoami')).user_id, BOB);
});

/** With the token that a client has or had, past the client. */
async function get(path: string, client: ClientProcess): Promise<Response> {
  const headers = { authorization: `Bearer ${await client.do('accessToken')}` };
  return fetch(`${stage.server.url}/_matrix/client/v3/${path}`, { headers });
}
