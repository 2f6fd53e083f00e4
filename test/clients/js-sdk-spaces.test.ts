import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const BOB = userId('bob');

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let spaceId: string;

before(async () => {
  stage = await Stage.open();
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  spaceId = await alice.do('createSpace', 'Birds');
});
after(() => stage?.[Symbol.asyncDispose]());

test('a space shows its rooms to those who may see them', async () => {
  const open = await alice.do('createRoom', { name: 'Herons', preset: 'public_chat' as never });
  const secret = await alice.do('createRoom', { name: 'Eggs' });
  for (const room of [open, secret]) await alice.do('addToSpace', spaceId, room);
  assert.deepEqual(await alice.do('hierarchy', spaceId), { [spaceId]: 'Birds', [open]: 'Herons', [secret]: 'Eggs' });
  assert.deepEqual(await bob.do('hierarchy', spaceId), { [spaceId]: 'Birds', [open]: 'Herons' });
  await assert.rejects(bob.do('hierarchy', secret), /M_FORBIDDEN/);
});

test('a room is shown before one is in it, unless it is nobody else’s business', async () => {
  const seen = await bob.do('summary', spaceId);
  assert.deepEqual(seen, { name: 'Birds', membership: 'leave', joinRule: 'public', members: 1 });
  await assert.rejects(bob.do('summary', await alice.do('createRoom', { name: 'Nobody' })), /M_NOT_FOUND|M_FORBIDDEN/);
});

test('who is in the space may join its restricted room, and nobody else', async () => {
  const nests = await alice.do('createGuardedRoom', 'Nests', spaceId);
  await assert.rejects(bob.do('join', nests), /M_FORBIDDEN/);
  await bob.do('join', spaceId);
  await bob.do('join', nests);
  await eventually(async () => assert.equal((await alice.do('members', nests))[BOB]?.membership, 'join'));
});

test('who knocks is seen with the reason, and comes in when invited', async () => {
  const room = await alice.do('createGuardedRoom', 'Owls');
  await assert.rejects(bob.do('join', room), /M_FORBIDDEN/);
  await bob.do('knock', room, 'I bring mice.');
  await eventually(async () => {
    const event = await alice.do('memberEvent', room, BOB);
    assert.deepEqual([event?.content.membership, event?.content.reason], ['knock', 'I bring mice.']);
    assert.equal((await bob.do('room', room))?.membership, 'knock');
  });
  await alice.do('invite', room, BOB);
  await eventually(async () => assert.equal((await bob.do('room', room))?.membership, 'invite'));
  await bob.do('join', room);
  await eventually(async () => assert.equal((await alice.do('members', room))[BOB]?.membership, 'join'));
});

test('a knock can be taken back', async () => {
  const room = await alice.do('createGuardedRoom', 'Bats');
  await bob.do('knock', room, 'Let me in.');
  await eventually(async () => assert.equal((await alice.do('members', room))[BOB]?.membership, 'knock'));
  await bob.do('leave', room);
  await eventually(async () => assert.equal((await alice.do('members', room))[BOB]?.membership, 'leave'));
});

test('an upgraded room points to the new one, which knows where it came from', async () => {
  const old = await alice.do('createRoom', { name: 'Old reeds', preset: 'public_chat' as never, room_version: '10' });
  await bob.do('join', old);
  await assert.rejects(bob.do('upgrade', old, '12'), /M_FORBIDDEN/);
  const replacement = await alice.do('upgrade', old, '12');
  await eventually(async () => assert.equal((await bob.do('upgradeOf', old)).replacement, replacement));
  await assert.rejects(bob.do('sendText', old, 'anybody here?'), /M_FORBIDDEN/);
  await bob.do('join', replacement);
  await eventually(async () => {
    assert.equal((await bob.do('upgradeOf', replacement)).predecessor, old);
    const room = await bob.do('room', replacement);
    assert.deepEqual([room?.name, room?.version], ['Old reeds', '12']);
  });
});

test('the directory lists the rooms that were published, and finds them by their words', async () => {
  for (const name of ['Marsh harriers', 'Sparrows']) {
    const room = await alice.do('createRoom', { name, preset: 'public_chat' as never });
    await assert.rejects(bob.do('publish', room, 'public'), /M_FORBIDDEN/);
    await alice.do('publish', room, 'public');
  }
  const { names, total } = await bob.do('directory');
  assert.deepEqual([names.toSorted(), total], [['Marsh harriers', 'Sparrows'], 2]);
  assert.deepEqual((await bob.do('directory', 'harrier')).names, ['Marsh harriers']);
});
