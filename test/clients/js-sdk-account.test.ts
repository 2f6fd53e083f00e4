import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { PASSWORD, Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  stage = await Stage.open({ config: { presence: true } });
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  roomId = await alice.do('createRoom', { name: 'Herons', preset: 'public_chat' as never });
  await bob.do('join', roomId);
});
after(() => stage?.[Symbol.asyncDispose]());

test('fields of a profile are free, and seen by others until they are taken away', async () => {
  await alice.do('setProfileField', 'org.example.pronouns', ['she', 'her']);
  await alice.do('setProfileField', 'm.tz', 'Europe/Lisbon');
  const profile = { displayname: 'alice', 'org.example.pronouns': ['she', 'her'], 'm.tz': 'Europe/Lisbon' };
  assert.deepEqual(await bob.do('wholeProfile', ALICE), profile);
  await alice.do('deleteProfileField', 'org.example.pronouns');
  assert.deepEqual(await bob.do('wholeProfile', ALICE), { displayname: 'alice', 'm.tz': 'Europe/Lisbon' });
});

test('who is there, and what somebody is doing, is seen by those in the same room', async () => {
  await alice.do('setPresence', 'online', 'counting eggs');
  await eventually(async () => {
    assert.deepEqual(await bob.do('presenceOf', ALICE), { presence: 'online', status: 'counting eggs' });
  });
  // Without a client that syncs nobody is there for long.
  await alice.do('stop');
  await alice.do('setPresence', 'unavailable', 'at lunch');
  await eventually(async () => {
    assert.deepEqual(await bob.do('presenceOf', ALICE), { presence: 'unavailable', status: 'at lunch' });
  });
  await alice.do('start');
});

test('a delayed event comes when its time is over, and not when it was cancelled', async () => {
  const kept = await alice.do('sendLater', roomId, 'I have lost the connection', 1500);
  const cancelled = await alice.do('sendLater', roomId, 'never said', 1500);
  const far = await alice.do('sendLater', roomId, 'said early', 60_000);
  assert.deepEqual(
    ((await alice.do('delayedEvents')).scheduled ?? []).map(event => event.delay_id).toSorted(),
    [kept, cancelled, far].toSorted(),
  );
  await alice.do('cancelDelayed', cancelled);
  await alice.do('restartDelayed', kept);
  assert.deepEqual(await bob.do('bodiesOf', roomId, ALICE), []);
  await alice.do('sendDelayedNow', far);
  await eventually(async () => {
    assert.deepEqual(await bob.do('bodiesOf', roomId, ALICE), ['said early', 'I have lost the connection']);
  });
  assert.deepEqual((await alice.do('delayedEvents')).scheduled ?? [], []);
});

test('a file has its address before its content', async () => {
  const uri = await alice.do('announceUpload');
  assert.match(uri, /^mxc:\/\/copse\.test\/./);
  const content = Buffer.from('twelve herons').toString('base64');
  const [early] = await Promise.all([bob.do('download', uri), alice.do('finishUpload', uri, content, 'text/plain')]);
  assert.ok(early.base64 === content || early.status === 504, `${early.status}`);
  const late = await bob.do('download', uri);
  assert.deepEqual([late.status, late.type, late.base64], [200, 'text/plain', content]);
  await assert.rejects(alice.do('finishUpload', uri, content, 'text/plain'), /M_CANNOT_OVERWRITE_MEDIA/);
});

test('a session goes on with a refreshed token; the old one, and a spent refresh token, do nothing', async () => {
  const client = stage.client();
  const { refreshToken, expiresInMs } = await client.do('logInToRefresh', 'bob', PASSWORD);
  assert.ok((expiresInMs ?? 0) > 0);
  const old = await client.do('accessToken');
  const next = await client.do('refresh', refreshToken);
  assert.equal((await client.do('whoami')).user_id, BOB);
  const answer = await fetch(`${stage.server.url}/_matrix/client/v3/account/whoami?access_token=${old}`);
  assert.equal(answer.status, 401);
  await client.do('refresh', next);
  await client.do('whoami');
  await assert.rejects(stage.client().do('refresh', refreshToken), /M_UNKNOWN_TOKEN/);
});

test('a new password holds at once, and the old one no more', async () => {
  await bob.do('changePassword', PASSWORD, 'two herons at noon');
  await assert.rejects(stage.client().do('logIn', 'bob', PASSWORD), /M_FORBIDDEN/);
  const client = stage.client();
  await client.do('logIn', 'bob', 'two herons at noon');
  await client.do('logOut');
  await bob.do('whoami');
});

test('what an ignored user says does not arrive', async () => {
  await alice.do('ignore', [BOB]);
  const ignored = await bob.do('sendText', roomId, 'can you hear me?');
  const own = await alice.do('sendText', roomId, 'how quiet it is');
  await eventually(async () => assert.ok((await alice.do('event', roomId, own)) !== undefined));
  assert.equal(await alice.do('event', roomId, ignored), undefined);
});

test('a closed account leaves its rooms, loses its sessions, and cannot come back', async () => {
  await assert.rejects(bob.do('deactivate', 'a heron at dawn'), /M_FORBIDDEN/);
  await bob.do('deactivate', 'two herons at noon');
  await eventually(async () => assert.equal((await alice.do('members', roomId))[BOB]?.membership, 'leave'));
  await assert.rejects(bob.do('whoami'), /M_UNKNOWN_TOKEN|M_USER_DEACTIVATED/);
  await assert.rejects(stage.client().do('logIn', 'bob', 'two herons at noon'), /M_USER_DEACTIVATED|M_FORBIDDEN/);
  await assert.rejects(stage.client().do('register', 'bob', PASSWORD), /M_USER_IN_USE/);
});

test('who comes later does not read what somebody said who asked to be forgotten', async () => {
  const carol = await stage.newUser('carol');
  await carol.do('join', roomId);
  await eventually(async () => {
    await carol.do('scrollToBeginning', roomId, 20);
    assert.deepEqual(await carol.do('bodiesOf', roomId, BOB), [undefined]);
    assert.ok((await carol.do('bodiesOf', roomId, ALICE)).includes('how quiet it is'));
  });
});
