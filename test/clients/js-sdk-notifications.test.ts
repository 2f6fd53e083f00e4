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
  // Two who are alone in a room would count every message by the rule for direct chats; the number is the same.
  roomId = await alice.do('createRoom', { invite: [BOB] });
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.membership, 'invite'));
  await bob.do('join', roomId);
  await eventually(async () => assert.equal((await alice.do('room', roomId))?.membership, 'join'));
});
after(() => stage?.[Symbol.asyncDispose]());

async function counts(client: ClientProcess, total: number, highlight: number): Promise<void> {
  await eventually(async () => assert.deepEqual(await client.do('unread', roomId), { total, highlight, threads: {} }));
}

test('messages of others are counted until one has read them, on every device', async () => {
  await bob.do('sendTexts', roomId, ['one', 'two']);
  const last = await bob.do('mention', roomId, 'three, Alice!', ALICE);
  await counts(alice, 3, 1);
  await counts(alicesPhone, 3, 1);
  await alice.do('markRead', roomId, last, 'm.read', true);
  await counts(alice, 0, 0);
  await counts(alicesPhone, 0, 0);
});

test('a message of one of her own devices is not counted on the other', async () => {
  await bob.do('sendText', roomId, 'and?');
  await counts(alicesPhone, 1, 0);
  await alice.do('sendText', roomId, 'I am here.');
  await counts(alicesPhone, 0, 0);
});

test('a push rule reaches the other device, and the server counts by it', async () => {
  const actions = ['notify', { set_tweak: 'highlight' }];
  await alice.do('addPushRule', 'content', 'bird', { pattern: 'heron', actions: actions as never });
  await eventually(async () => {
    assert.equal((await alicesPhone.do('pushRule', 'content', 'bird'))?.pattern, 'heron');
  });
  await bob.do('sendText', roomId, 'a Heron!');
  await counts(alice, 1, 1);
  await alice.do('deletePushRule', 'content', 'bird');
  await eventually(async () => assert.equal(await alicesPhone.do('pushRule', 'content', 'bird'), undefined));
  await bob.do('sendText', roomId, 'a heron again');
  await counts(alice, 2, 1);
});

test('a room that is muted counts nothing', async () => {
  const read = await bob.do('sendText', roomId, 'before');
  await eventually(async () => assert.equal((await alice.do('event', roomId, read))?.id, read));
  await alice.do('markRead', roomId, read, 'm.read', true);
  await counts(alice, 0, 0);
  const conditions = [{ kind: 'event_match', key: 'room_id', pattern: roomId }];
  await alice.do('addPushRule', 'override', roomId, { conditions: conditions as never, actions: [] });
  const id = await bob.do('mention', roomId, 'Alice?', ALICE);
  await eventually(async () => assert.equal((await alice.do('event', roomId, id))?.id, id));
  await counts(alice, 0, 0);
  await alice.do('deletePushRule', 'override', roomId);
  await bob.do('sendText', roomId, 'and now?');
  await counts(alice, 1, 0);
});

test('account data and tags of rooms reach the other device, and nobody else', async () => {
  await alice.do('setAccountData', 'org.example.birds', { seen: ['heron', 'egret'] });
  await alice.do('tagRoom', roomId, 'm.favourite', 0.5);
  await eventually(async () => {
    assert.deepEqual(await alicesPhone.do('accountData', 'org.example.birds'), { seen: ['heron', 'egret'] });
    assert.deepEqual(await alicesPhone.do('tags', roomId), { 'm.favourite': { order: 0.5 } });
  });
  await alice.do('untagRoom', roomId, 'm.favourite');
  await eventually(async () => assert.deepEqual(await alicesPhone.do('tags', roomId), {}));
  assert.equal(await bob.do('accountData', 'org.example.birds'), undefined);
  assert.deepEqual(await bob.do('tags', roomId), {});
});
