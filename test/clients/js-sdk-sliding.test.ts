import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');
const SLIDING = { encryption: true, slidingRooms: 20 };

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  stage = await Stage.open();
  [alice, bob] = await Promise.all([stage.newUser('alice', SLIDING), stage.newUser('bob', SLIDING)]);
});
after(() => stage?.[Symbol.asyncDispose]());

/** Sends, and waits until the other can read it. */
async function say(speaker: ClientProcess, listener: ClientProcess, body: string): Promise<string> {
  const id = await speaker.do('sendText', roomId, body);
  await eventually(async () => {
    const seen = await listener.do('event', roomId, id);
    assert.deepEqual([seen?.body, seen?.decrypted], [body, true]);
  });
  return id;
}

test('with sliding sync an encrypted room is made, its invitation seen, and joined', async () => {
  roomId = await alice.do('createEncryptedRoom', { name: 'Herons' });
  await alice.do('invite', roomId, BOB);
  await eventually(async () => {
    const room = await bob.do('room', roomId);
    assert.deepEqual([room?.membership, room?.name, room?.encrypted], ['invite', 'Herons', true]);
  });
  await bob.do('join', roomId);
  await eventually(async () => {
    assert.equal((await alice.do('members', roomId))[BOB]?.membership, 'join');
    const room = await bob.do('room', roomId);
    assert.deepEqual([room?.membership, room?.version, room?.encrypted], ['join', '12', true]);
  });
});

test('encrypted messages are read by the other, in both directions', async () => {
  const written: string[] = [];
  for (let at = 0; at < 15; at++) {
    await say(alice, bob, `alice ${at}`);
    await say(bob, alice, `bob ${at}`);
    written.push(`alice ${at}`);
  }
  assert.deepEqual(await bob.do('bodiesOf', roomId, ALICE), written);
});

test('edits, reactions, receipts, typing and counts arrive', async () => {
  const id = await say(alice, bob, 'a hern');
  await alice.do('edit', roomId, id, 'a heron');
  await eventually(async () => assert.equal((await bob.do('event', roomId, id))?.body, 'a heron'));
  await bob.do('react', roomId, id, '🐦');
  await eventually(async () => assert.deepEqual(await alice.do('reactions', roomId, id), { '🐦': [BOB] }));
  await bob.do('markRead', roomId, id, 'm.read');
  await eventually(async () => assert.equal((await alice.do('readUpTo', roomId, BOB)).public, id));
  await bob.do('type', roomId, true);
  await eventually(async () => assert.deepEqual((await alice.do('room', roomId))?.typing, [BOB]));
  await bob.do('type', roomId, false);
  await eventually(async () => assert.deepEqual((await alice.do('room', roomId))?.typing, []));
  const last = await say(alice, bob, 'still there');
  await bob.do('setFullyRead', roomId, last);
  await eventually(async () => assert.equal(await bob.do('fullyRead', roomId), last));
});

test('a further device is verified by nobody and still reads what is said from now on', async () => {
  const phone = await stage.newDevice('bob', SLIDING);
  await eventually(async () => assert.equal((await phone.do('room', roomId))?.membership, 'join'));
  await eventually(async () => {
    await say(alice, bob, 'hello, phone');
    assert.ok((await phone.do('bodiesOf', roomId, ALICE)).includes('hello, phone'));
  });
  await phone.do('logOut');
});

test('the clients go on after the server was killed and started again', async () => {
  await say(alice, bob, 'before');
  await stage.server.kill9();
  await stage.server.restart();
  await eventually(async () => void (await say(bob, alice, 'after')), 60_000);
});

test('who leaves is out of the room, for both', async () => {
  await bob.do('leave', roomId);
  await eventually(async () => {
    assert.equal((await bob.do('room', roomId))?.membership, 'leave');
    assert.equal((await alice.do('members', roomId))[BOB]?.membership, 'leave');
  });
});
