import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');
const ALIAS = '#herons:copse.test';

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  stage = await Stage.open();
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  roomId = await alice.do('createRoom', { name: 'Herons', preset: 'public_chat' as never });
});
after(() => stage?.[Symbol.asyncDispose]());

async function isMember(membership: string): Promise<void> {
  await eventually(async () => {
    assert.equal((await alice.do('members', roomId))[BOB]?.membership, membership);
    assert.equal((await bob.do('room', roomId))?.membership, membership);
  });
}

test('a room is found and joined by its alias', async () => {
  await assert.rejects(bob.do('join', ALIAS), /M_NOT_FOUND/);
  await alice.do('createAlias', ALIAS, roomId);
  assert.equal(await bob.do('roomIdOf', ALIAS), roomId);
  assert.equal(await bob.do('join', ALIAS), roomId);
  await isMember('join');
  assert.deepEqual((await bob.do('members', roomId))[ALICE], { membership: 'join', displayName: 'alice' });
});

test('an alias is gone when it was taken away', async () => {
  await assert.rejects(bob.do('deleteAlias', ALIAS), /M_FORBIDDEN/);
  await alice.do('deleteAlias', ALIAS);
  await assert.rejects(bob.do('roomIdOf', ALIAS), /M_NOT_FOUND/);
});

test('a new display name is seen by the other, in the profile and in the room', async () => {
  await alice.do('setDisplayName', 'Alice of the Reeds');
  await eventually(async () => {
    assert.equal((await bob.do('members', roomId))[ALICE]?.displayName, 'Alice of the Reeds');
  });
  assert.equal((await bob.do('profile', ALICE)).displayname, 'Alice of the Reeds');
});

test('a new name of the room is seen by the other', async () => {
  await alice.do('setRoomName', roomId, 'Grey Herons');
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.name, 'Grey Herons'));
});

test('who leaves is gone for the other, and may come back', async () => {
  await bob.do('leave', roomId);
  await isMember('leave');
  await assert.rejects(bob.do('sendText', roomId, 'still here'), /M_FORBIDDEN/);
  await bob.do('join', roomId);
  await isMember('join');
});

test('only who may kick kicks, and the other sees by whom and why', async () => {
  await assert.rejects(bob.do('kick', roomId, ALICE, 'no reason'), /M_FORBIDDEN/);
  await alice.do('kick', roomId, BOB, 'threw stones');
  await isMember('leave');
  const event = await bob.do('memberEvent', roomId, BOB);
  assert.deepEqual([event?.sender, event?.content.reason], [ALICE, 'threw stones']);
  await bob.do('join', roomId);
  await isMember('join');
});

test('who is banned cannot come back until the ban is lifted', async () => {
  await alice.do('ban', roomId, BOB, 'threw stones again');
  await isMember('ban');
  await assert.rejects(bob.do('join', roomId), /M_FORBIDDEN/);
  await alice.do('unban', roomId, BOB);
  await isMember('leave');
  await bob.do('join', roomId);
  await isMember('join');
});

test('power given to the other can be used at once', async () => {
  await assert.rejects(bob.do('setRoomName', roomId, 'Storks'), /M_FORBIDDEN/);
  await alice.do('setPowerLevel', roomId, BOB, 50);
  await bob.do('setRoomName', roomId, 'Storks');
  await eventually(async () => assert.equal((await alice.do('room', roomId))?.name, 'Storks'));
});

test('an invitation into a private room is seen, and can be declined', async () => {
  const secret = await alice.do('createRoom', { name: 'Nests' });
  await assert.rejects(bob.do('join', secret), /M_FORBIDDEN/);
  await alice.do('invite', secret, BOB);
  await eventually(async () => {
    const room = await bob.do('room', secret);
    assert.deepEqual([room?.membership, room?.name], ['invite', 'Nests']);
  });
  await bob.do('leave', secret);
  await eventually(async () => assert.equal((await alice.do('members', secret))[BOB]?.membership, 'leave'));
  await assert.rejects(bob.do('join', secret), /M_FORBIDDEN/);
});
