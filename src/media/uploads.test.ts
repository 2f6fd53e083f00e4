import assert from 'node:assert/strict';
import { TestClock } from '../../test/support/accounts.ts';
import { eventually } from '../../test/support/bus.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import {
  filesOf,
  type MediaWorld,
  OWN_NAME,
  openMedia,
  refusal,
  streamOf,
  uploadFor,
} from '../../test/support/media.ts';
import type { Requester } from '../accounts/requester.ts';
import { defaultMediaSettings } from './settings.ts';
import { usageOf } from './usage.table.ts';

function fill(world: MediaWorld, user: Requester, mediaId: string, text: string, origin: string = OWN_NAME) {
  const facts = { contentType: 'text/plain', fileName: undefined, announcedBytes: undefined };
  return world.media.uploads.fill(origin, mediaId, { userNid: user.userNid, body: streamOf(text), ...facts });
}

async function create(world: MediaWorld, user: Requester): Promise<string> {
  return (await world.media.uploads.create(user.userNid)).uri.split('/').at(-1) ?? '';
}

onEachDatabase('an upload gets a URI that nobody guesses, and counts for its user', async db => {
  await using world = await openMedia(db);
  const first = await uploadFor(world, world.alice, 'hello');
  const second = await uploadFor(world, world.alice, 'hello');
  assert.match(first, /^[A-Za-z]{24}$/);
  assert.notEqual(first, second);
  assert.deepEqual({ ...(await usageOf(db, world.alice.userNid)) }, { bytes: 10, files: 2 });
  assert.deepEqual(await usageOf(db, world.bob.userNid), { bytes: 0, files: 0 });
});

onEachDatabase('N188: a quota holds, also for uploads at the same time', async db => {
  await using world = await openMedia(db, { settings: { quotaBytes: 100, maxUploadBytes: 60 } });
  const five = Array.from({ length: 5 }, () => refusal(uploadFor(world, world.alice, 'x'.repeat(40))));
  const results = (await Promise.all(five)).sort();
  assert.deepEqual(results, ['403 M_FORBIDDEN', '403 M_FORBIDDEN', '403 M_FORBIDDEN', 'none', 'none']);
  assert.equal((await filesOf(world)).length, 2);
  assert.equal(await refusal(uploadFor(world, world.alice, 'x'.repeat(21))), '403 M_FORBIDDEN');
  assert.equal(await refusal(uploadFor(world, world.alice, 'x'.repeat(20))), 'none');
  assert.equal(await refusal(uploadFor(world, world.alice, 'x')), '403 M_FORBIDDEN');
  assert.equal(await refusal(uploadFor(world, world.bob, 'x'.repeat(61))), '413 M_TOO_LARGE');
  assert.equal(await refusal(uploadFor(world, world.bob, 'x'.repeat(60))), 'none');
  assert.equal((await filesOf(world)).length, 4);
});

onEachDatabase('N188: deleting gives a user their quota back', async db => {
  await using world = await openMedia(db, { settings: { quotaBytes: 10 } });
  const mediaId = await uploadFor(world, world.alice, 'x'.repeat(10));
  assert.equal(await refusal(uploadFor(world, world.alice, 'x')), '403 M_FORBIDDEN');
  await world.media.custody.delete(OWN_NAME, mediaId);
  assert.deepEqual(await filesOf(world), []);
  assert.equal(await refusal(uploadFor(world, world.alice, 'x')), 'none');
  assert.equal(await refusal(world.media.custody.delete(OWN_NAME, mediaId)), '404 M_NOT_FOUND');
});

onEachDatabase('a user may have only so many uploads running', async db => {
  const time = new TestClock();
  await using world = await openMedia(db, { settings: { uploadsAtOnce: 2 }, after: (ms, run) => time.after(ms, run) });
  async function* stalled() {
    yield Buffer.from('x');
    await new Promise(() => undefined);
  }
  const facts = { contentType: undefined, fileName: undefined, announcedBytes: undefined };
  const start = () => refusal(world.media.uploads.upload({ userNid: world.alice.userNid, body: stalled(), ...facts }));
  const running = [start(), start()];
  await eventually(() => time.dueIn.length === 2);
  assert.equal(await refusal(uploadFor(world, world.alice, 'x')), '429 M_LIMIT_EXCEEDED');
  assert.equal(await refusal(uploadFor(world, world.bob, 'x')), 'none');
  time.advance(defaultMediaSettings.uploadIdleMs);
  assert.deepEqual(await Promise.all(running), ['408 M_UNKNOWN', '408 M_UNKNOWN']);
  assert.equal(await refusal(uploadFor(world, world.alice, 'x')), 'none');
});

onEachDatabase('a reserved URI takes its content once, from its user, in its time', async db => {
  await using world = await openMedia(db, { settings: { pendingLifetimeMs: 1000 } });
  const { alice, bob } = world;
  const mediaId = await create(world, alice);
  assert.equal(await refusal(fill(world, bob, mediaId, 'x')), '403 M_FORBIDDEN');
  assert.equal(await refusal(fill(world, alice, 'nothing', 'x')), '404 M_NOT_FOUND');
  assert.equal(await refusal(fill(world, alice, mediaId, 'x', 'elsewhere.test')), '404 M_NOT_FOUND');
  assert.equal(await refusal(fill(world, alice, '../x', 'x')), '400 M_INVALID_PARAM');
  const both = await Promise.all([
    refusal(fill(world, alice, mediaId, 'x')),
    refusal(fill(world, alice, mediaId, 'y')),
  ]);
  assert.deepEqual(both.sort(), ['409 M_CANNOT_OVERWRITE_MEDIA', 'none']);
  assert.equal(await refusal(fill(world, alice, mediaId, 'x')), '409 M_CANNOT_OVERWRITE_MEDIA');
  assert.equal((await filesOf(world)).length, 1);
  const late = await create(world, alice);
  world.skipTime(1001);
  assert.equal(await refusal(fill(world, alice, late, 'x')), '404 M_NOT_FOUND');
});

onEachDatabase('a user may have only so many reserved URIs; those used or expired do not count', async db => {
  await using world = await openMedia(db, { settings: { pendingPerUser: 2, pendingLifetimeMs: 1000 } });
  const tries = await Promise.all([1, 2, 3].map(() => refusal(create(world, world.alice))));
  assert.deepEqual(tries.sort(), ['429 M_LIMIT_EXCEEDED', 'none', 'none']);
  const ofBob = await create(world, world.bob);
  await create(world, world.bob);
  await fill(world, world.bob, ofBob, 'x');
  assert.equal(await refusal(create(world, world.bob)), 'none');
  world.skipTime(1001);
  assert.equal(await refusal(create(world, world.alice)), 'none');
});

onEachDatabase('tidying removes what expired and what nothing refers to, and nothing else', async db => {
  await using world = await openMedia(db);
  const kept = await uploadFor(world, world.alice, 'kept');
  await create(world, world.alice);
  await world.media.store.put(streamOf('orphan'), 10);
  assert.deepEqual(await world.media.custody.tidy(), { expired: 0, unfinished: 0, orphans: 0 });
  world.skipTime(49 * 3_600_000);
  assert.deepEqual(await world.media.custody.tidy(), { expired: 1, unfinished: 0, orphans: 1 });
  assert.equal((await filesOf(world)).length, 1);
  const found = { serverName: OWN_NAME, mediaId: kept, timeoutMs: 0, allowRemote: true, authenticated: true };
  await world.media.downloads.find({ ...found, signal: new AbortController().signal });
});
