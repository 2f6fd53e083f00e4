import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');
const BODIES = Array.from({ length: 500 }, (_, index) => `message ${index}`);

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;
let sent: string[];

before(async () => {
  stage = await Stage.open();
  const options = { initialSyncLimit: 8 };
  [alice, bob] = await Promise.all([stage.newUser('alice', options), stage.newUser('bob', options)]);
  roomId = await alice.do('createRoom', { invite: [BOB], name: 'Herons' });
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.membership, 'invite'));
  await bob.do('join', roomId);
  await alice.do('sendText', roomId, 'the first');
  await eventually(async () => assert.deepEqual(await bob.do('bodiesOf', roomId, ALICE), ['the first']));
  bob.pause();
  await alice.do('stop');
  sent = await alice.do('sendTexts', roomId, BODIES);
  bob.resume();
});
after(() => stage?.[Symbol.asyncDispose]());

/** A client that scrolls to the beginning has to come by every message of the 500, once and in order. */
async function scroll(client: ClientProcess, limit: number): Promise<void> {
  const events = await client.do('scrollToBeginning', roomId, limit);
  const messages = events.filter(({ type }) => type === 'm.room.message').filter(({ body }) => body !== 'the first');
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
}

test('a client that comes later scrolls back over all 500 messages', async () => {
  const later = await stage.newDevice('bob', { initialSyncLimit: 8 });
  assert.ok((await later.do('timeline', roomId)).length <= 8);
  await scroll(later, 30);
});

test('what a later client is not shown of the room it knows as its state', async () => {
  const later = await stage.newDevice('bob', { initialSyncLimit: 8 });
  const types = (await later.do('timeline', roomId)).map(({ type }) => type);
  assert.equal(types.includes('m.room.name'), false);
  assert.equal((await later.do('room', roomId))?.name, 'Herons');
});

test('a client that slept through them fills the gap by scrolling back', async () => {
  await eventually(async () => assert.equal((await bob.do('bodiesOf', roomId, ALICE)).at(-1), BODIES.at(-1)));
  assert.ok((await bob.do('timeline', roomId)).length < 100, 'there is a gap to fill');
  await scroll(bob, 45);
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

test('one who joins later scrolls back over what was said before, as the room allows', async () => {
  const carol = await stage.newUser('carol', { initialSyncLimit: 5 });
  await alice.do('invite', roomId, userId('carol'));
  await eventually(async () => assert.equal((await carol.do('room', roomId))?.membership, 'invite'));
  await carol.do('join', roomId);
  await eventually(async () => assert.equal((await carol.do('room', roomId))?.membership, 'join'));
  await scroll(carol, 100);
});
