import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');

let stage: Stage;
let alice: ClientProcess;
let alicesPhone: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  stage = await Stage.open();
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  alicesPhone = await stage.newDevice('alice');
  roomId = await alice.do('createRoom', { invite: [BOB] });
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.membership, 'invite'));
  await bob.do('join', roomId);
  await eventually(async () => assert.equal((await alice.do('members', roomId))[BOB]?.membership, 'join'));
});
after(() => stage?.[Symbol.asyncDispose]());

/** Sends, and waits until each of the others has it. */
async function say(speaker: ClientProcess, body: string, ...listeners: ClientProcess[]): Promise<string> {
  const id = await speaker.do('sendText', roomId, body);
  await haveEvent(id, ...listeners);
  return id;
}

async function haveEvent(id: string, ...listeners: ClientProcess[]): Promise<void> {
  for (const listener of listeners) {
    await eventually(async () => assert.equal((await listener.do('event', roomId, id))?.id, id));
  }
}

test('typing is seen while it lasts', async () => {
  await bob.do('type', roomId, true);
  await eventually(async () => assert.deepEqual((await alice.do('room', roomId))?.typing, [BOB]));
  await bob.do('type', roomId, false);
  await eventually(async () => assert.deepEqual((await alice.do('room', roomId))?.typing, []));
});

test('a public receipt is seen by the other', async () => {
  const id = await say(alice, 'Have you seen it?', bob);
  await bob.do('markRead', roomId, id, 'm.read');
  await eventually(async () => assert.equal((await alice.do('readUpTo', roomId, BOB)).public, id));
});

test('a private receipt is seen by the other devices of the user and by nobody else', async () => {
  const before = await bob.do('readUpTo', roomId, ALICE);
  const id = await say(bob, 'Not yet.', alice, alicesPhone);
  await alice.do('markRead', roomId, id, 'm.read.private');
  await eventually(async () => assert.equal((await alicesPhone.do('readUpTo', roomId, ALICE)).private, id));
  // What comes after it has reached Bob, so it would have reached him too.
  await alice.do('type', roomId, true);
  await eventually(async () => assert.deepEqual((await bob.do('room', roomId))?.typing, [ALICE]));
  await alice.do('type', roomId, false);
  assert.deepEqual(await bob.do('readUpTo', roomId, ALICE), before);
});

test('the marker of what was fully read reaches the other device', async () => {
  const id = await say(bob, 'Read this in full.', alice, alicesPhone);
  await alice.do('setFullyRead', roomId, id);
  await eventually(async () => assert.equal(await alicesPhone.do('fullyRead', roomId), id));
});

test('an edit is seen by the other', async () => {
  const id = await say(alice, 'A hern flew by.', bob);
  await alice.do('edit', roomId, id, 'A heron flew by.');
  await eventually(async () => {
    const seen = await bob.do('event', roomId, id);
    assert.deepEqual([seen?.body, seen?.edited], ['A heron flew by.', true]);
  });
});

test('a client that comes later sees the message as it was edited', async () => {
  const id = await say(alice, 'Tow of them.', bob);
  await alice.do('edit', roomId, id, 'Two of them.');
  const bobsPhone = await stage.newDevice('bob');
  await eventually(async () => assert.equal((await bobsPhone.do('event', roomId, id))?.body, 'Two of them.'));
  await bobsPhone.do('logOut');
});

test('reactions are seen, each user and key once, until they are taken back', async () => {
  const id = await say(alice, 'There it is!', bob);
  const reaction = await bob.do('react', roomId, id, '👍');
  await assert.rejects(bob.do('react', roomId, id, '👍'), /M_DUPLICATE_ANNOTATION/);
  await eventually(async () => assert.deepEqual(await alice.do('reactions', roomId, id), { '👍': [BOB] }));
  await alice.do('react', roomId, id, '👍');
  await eventually(async () => assert.deepEqual((await bob.do('reactions', roomId, id))['👍']?.sort(), [ALICE, BOB]));
  await bob.do('redact', roomId, reaction, 'it was a stork');
  await eventually(async () => assert.deepEqual(await alice.do('reactions', roomId, id), { '👍': [ALICE] }));
});

test('a redacted message is empty for the other, and for one who comes later', async () => {
  const id = await say(alice, 'My password is heron.', bob);
  await alice.do('redact', roomId, id, 'wrong window');
  const redacted = async (client: ClientProcess) => {
    const seen = await client.do('event', roomId, id);
    assert.deepEqual([seen?.redacted, seen?.body], [true, undefined]);
  };
  await eventually(() => redacted(bob));
  const bobsPhone = await stage.newDevice('bob');
  await eventually(() => redacted(bobsPhone));
  await bobsPhone.do('logOut');
});

test('a thread is kept apart, with receipts and counts of its own', async () => {
  const root = await say(alice, 'Where do they sleep?', bob, alicesPhone);
  await bob.do('markRead', roomId, root, 'm.read');
  await eventually(async () => assert.equal((await bob.do('unread', roomId)).total, 0));
  const reply = await alice.do('sendInThread', roomId, root, 'In that tree.');
  await eventually(async () => {
    assert.deepEqual((await bob.do('thread', roomId, root))?.bodies, ['In that tree.']);
    const { total, threads } = await bob.do('unread', roomId, [root]);
    assert.deepEqual([total, threads[root]], [0, 1]);
  });
  // The SDK fetches a thread anew when it first meets it, and has none of its events meanwhile.
  await eventually(() => bob.do('markRead', roomId, reply, 'm.read'));
  await eventually(async () => {
    assert.equal(await alice.do('readUpToInThread', roomId, root, BOB), reply);
    assert.equal((await alice.do('readUpTo', roomId, BOB)).public, root);
    assert.equal((await bob.do('unread', roomId, [root])).threads[root], 0);
  });
});

test('the conversation goes on after a power cut', async () => {
  const id = await alice.do('sendText', roomId, 'before');
  await stage.server.kill9();
  await stage.server.restart();
  const next = await alice.do('sendText', roomId, 'after');
  // The client waits some seconds before it tries to sync again.
  await eventually(async () => assert.equal((await bob.do('event', roomId, next))?.body, 'after'), 40_000);
  assert.equal((await bob.do('event', roomId, id))?.body, 'before');
  await say(bob, 'Still there.', alice);
});
