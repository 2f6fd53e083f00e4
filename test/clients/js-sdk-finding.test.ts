import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSite } from '../support/web-site.ts';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { OWN_ADDRESS, Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;

before(async () => {
  const config = { allowed_private_addresses: { previews: [OWN_ADDRESS] } };
  stage = await Stage.open({ config });
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  roomId = await alice.do('createRoom', { name: 'Herons' });
});
after(() => stage?.[Symbol.asyncDispose]());

test('messages are found by their words, by those who may see them', async () => {
  await alice.do('sendTexts', roomId, ['The heron stands in the reeds', 'A stork on the roof', 'Two herons fly']);
  await eventually(async () => {
    assert.deepEqual((await alice.do('searchMessages', 'reeds')).toSorted(), ['The heron stands in the reeds']);
  });
  assert.deepEqual(await bob.do('searchMessages', 'reeds'), []);
  assert.deepEqual(await alice.do('searchMessages', 'pelican'), []);
});

test('people are found by name once one can meet them', async () => {
  assert.deepEqual(await bob.do('searchUsers', 'alice'), []);
  await alice.do('invite', roomId, userId('bob'));
  await bob.do('join', roomId);
  await eventually(async () => assert.deepEqual(await bob.do('searchUsers', 'ali'), [[ALICE, 'alice']]));
});

test('a link shows what stands behind it', async () => {
  await using site = await WebSite.open(OWN_ADDRESS);
  const head =
    '<meta property="og:title" content="Herons of the marsh"><meta property="og:description" content="All 12">';
  const url = site.html('/herons', `<html><head>${head}</head><body></body></html>`);
  const preview = await alice.do('preview', url);
  assert.deepEqual([preview['og:title'], preview['og:description']], ['Herons of the marsh', 'All 12']);
  await assert.rejects(alice.do('preview', 'http://192.168.0.1/'), /MatrixError/);
});

test('the first message after a moment is found by its time', async () => {
  const [first = '', second = ''] = await alice.do('sendTexts', roomId, ['early', 'late']);
  assert.notEqual(first, second);
  assert.equal(await bob.do('eventAt', roomId, (await alice.do('timeOf', roomId, second)) ?? 0), second);
});

test('the threads of a room are listed, with their replies', async () => {
  const [root = '', other = ''] = await alice.do('sendTexts', roomId, ['Where do they sleep?', 'No thread here']);
  await eventually(async () => assert.ok((await bob.do('event', roomId, other)) !== undefined));
  for (const body of ['In the trees', 'In the reeds']) await bob.do('sendInThread', roomId, root, body);
  await eventually(async () => assert.deepEqual(await alice.do('threads', roomId), [[root, 2]]));
  assert.deepEqual(await alice.do('threadReplies', roomId, root), ['In the reeds', 'In the trees']);
});
