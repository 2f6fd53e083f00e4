import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { Stage, userId } from './js-sdk/stage.ts';

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let picture: string;
let uri: string;

before(async () => {
  stage = await Stage.open();
  [alice, bob] = await Promise.all([stage.newUser('alice'), stage.newUser('bob')]);
  const image = sharp({ create: { width: 640, height: 480, channels: 3, background: { r: 90, g: 120, b: 140 } } });
  picture = (await image.png().toBuffer()).toString('base64');
});
after(() => stage?.[Symbol.asyncDispose]());

test('a picture that one uploads is what the other downloads', async () => {
  uri = await alice.do('upload', picture, 'heron.png', 'image/png');
  assert.match(uri, /^mxc:\/\/copse\.test\/./);
  const answer = await bob.do('download', uri);
  assert.deepEqual([answer.status, answer.type, answer.base64], [200, 'image/png', picture]);
  assert.match(answer.disposition ?? '', /^inline;.*heron\.png/);
});

test('nobody downloads without a token', async () => {
  assert.equal((await bob.do('downloadWithoutToken', uri)).status, 401);
});

test('a thumbnail is a smaller picture', async () => {
  for (const [method, width, height] of [['scale', 96, 72] as const, ['crop', 64, 64] as const]) {
    const answer = await bob.do('thumbnail', uri, width, height, method);
    assert.equal(answer.status, 200);
    const { width: w, height: h } = await sharp(Buffer.from(answer.base64, 'base64')).metadata();
    assert.ok(w >= width && w < 640 && h >= height && h < 480, `${method}: ${w} x ${h}`);
  }
});

test('bytes of no known kind come back as they were, to be saved and not shown', async () => {
  const bytes = randomBytes(300_000).toString('base64');
  const file = await alice.do('upload', bytes, 'Übersicht “1”.html', 'text/html');
  const answer = await bob.do('download', file);
  assert.deepEqual([answer.status, answer.base64], [200, bytes]);
  assert.match(answer.disposition ?? '', /^attachment;/);
});

test('the size that may be uploaded is told and kept', async () => {
  const { 'm.upload.size': limit } = (await alice.do('mediaConfig')) as { 'm.upload.size': number };
  assert.equal(limit, 50 * 1024 * 1024);
});

test('a picture of a profile is seen by the other in their room', async () => {
  const roomId = await alice.do('createRoom', { invite: [userId('bob')] });
  await eventually(async () => assert.equal((await bob.do('room', roomId))?.membership, 'invite'));
  await bob.do('join', roomId);
  await alice.do('setAvatar', uri);
  await eventually(async () => {
    const event = await bob.do('memberEvent', roomId, userId('alice'));
    assert.equal(event?.content.avatar_url, uri);
  });
});
