import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const BOB = userId('bob');
const BODIES = Array.from({ length: 500 }, (_, index) => `message ${index}`);

let stage: Stage;
let alice: ClientProcess;
let roomId: string;
let sent: string[];

before(async () => {
  stage = await Stage.open();
  let bob: ClientProcess;
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  roomId = await alice.do('createRoom', { invite: [BOB] });
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.membership, 'invite'));
  await bob.do('join', roomId);
  await bob.do('stop');
  sent = await alice.do('sendTexts', roomId, BODIES);
});
after(() => stage?.[Symbol.asyncDispose]());

test('a client that scrolls back to the beginning shows all 500 messages once and in order', async () => {
  const later = await stage.newDevice('bob', { initialSyncLimit: 8 });
  assert.ok((await later.do('timeline', roomId)).length <= 8);
  const events = await later.do('scrollToBeginning', roomId, 30);
  const messages = events.filter(({ type }) => type === 'm.room.message');
  assert.deepEqual(
    messages.map(({ id }) => id),
    sent,
  );
  assert.deepEqual(
    messages.map(({ body }) => body),
    BODIES,
  );
  assert.equal(events[0]?.type, 'm.room.create');
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
});

for (const limit of [7, 100]) {
  test(`pages of ${limit} from either end hold every event once`, async () => {
    const backwards = await alice.do('pageThrough', roomId, 'backwards', limit);
    const forwards = await alice.do('pageThrough', roomId, 'forwards', limit);
    assert.deepEqual(forwards.ids, backwards.ids.toReversed());
    assert.equal(new Set(forwards.ids).size, forwards.ids.length);
    const ours = new Set(sent);
    assert.deepEqual(
      forwards.ids.filter(id => ours.has(id)),
      sent,
    );
    assert.ok(backwards.pages >= forwards.ids.length / limit);
  });
}

test('a client that was away through more than one sync shows fills the gap by scrolling back', async () => {
  const carol = await stage.newUser('carol', { initialSyncLimit: 5 });
  await alice.do('invite', roomId, userId('carol'));
  await eventually(async () => assert.equal((await carol.do('room', roomId))?.membership, 'invite'));
  await carol.do('join', roomId);
  await eventually(async () => assert.equal((await carol.do('room', roomId))?.membership, 'join'));
  const events = await carol.do('scrollToBeginning', roomId, 100);
  const messages = events.filter(({ type }) => type === 'm.room.message');
  // History is shared with those who come later, as the preset says.
  assert.deepEqual(
    messages.map(({ id }) => id),
    sent,
  );
});
