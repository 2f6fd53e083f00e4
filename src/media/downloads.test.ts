import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import {
  filesOf,
  type MediaWorld,
  OWN_NAME,
  openMedia,
  refusal,
  streamOf,
  textOf,
  uploadFor,
} from '../../test/support/media.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { DownloadRequest } from './downloads.ts';
import type { RemoteMedia } from './ports.ts';

const OTHER_NAME = 'other.test';

function find(world: MediaWorld, mediaId: string, changes: Partial<DownloadRequest> = {}) {
  const { signal } = new AbortController();
  const usual = { serverName: OWN_NAME, timeoutMs: 0, allowRemote: true, authenticated: true, signal };
  return world.media.downloads.find({ ...usual, mediaId, ...changes });
}

async function create(world: MediaWorld): Promise<string> {
  return (await world.media.uploads.create(world.alice.userNid)).uri.split('/').at(-1) ?? '';
}

async function fill(world: MediaWorld, mediaId: string): Promise<void> {
  const facts = { contentType: 'text/x-thing', fileName: 'a\0b.txt', announcedBytes: undefined };
  const request = { userNid: world.alice.userNid, body: streamOf('content'), ...facts };
  await world.media.uploads.fill(OWN_NAME, mediaId, request);
}

/** Another server with one file, `here`; counts how often it is asked. */
function otherServer(text: string): RemoteMedia & { asked: number } {
  return {
    asked: 0,
    async fetch({ mediaId }, use) {
      this.asked++;
      if (mediaId !== 'here') throw new MatrixError('M_NOT_FOUND', 'Not here.');
      return use({ contentType: 'text/plain', fileName: 'remote.txt', body: streamOf(text) });
    },
  };
}

onEachDatabase('a download waits for the upload and is woken by it', async db => {
  await using world = await openMedia(db);
  const mediaId = await create(world);
  assert.equal(await refusal(find(world, mediaId, { timeoutMs: 30 })), '504 M_NOT_YET_UPLOADED');
  const started = performance.now();
  const waiting = find(world, mediaId, { timeoutMs: 20_000 });
  await new Promise(resolve => setTimeout(resolve, 30));
  await fill(world, mediaId);
  const found = await waiting;
  assert.ok(performance.now() - started < 15_000, 'woken, not timed out');
  assert.equal(found.contentType, 'text/x-thing');
  assert.equal(found.fileName, 'a\0b.txt');
  assert.equal(await textOf(await world.media.store.read(found.fileId)), 'content');
});

onEachDatabase('a waiting download ends when its client goes away', async db => {
  await using world = await openMedia(db);
  const gone = new AbortController();
  const waiting = refusal(find(world, await create(world), { timeoutMs: 60_000, signal: gone.signal }));
  setTimeout(() => gone.abort(), 20);
  assert.equal(await waiting, '504 M_NOT_YET_UPLOADED');
});

onEachDatabase('nobody waits for a URI that has expired or never was', async db => {
  await using world = await openMedia(db, { settings: { pendingLifetimeMs: 1000 } });
  const mediaId = await create(world);
  world.skipTime(1001);
  assert.equal(await refusal(find(world, mediaId, { timeoutMs: 60_000 })), '404 M_NOT_FOUND');
  assert.equal(await refusal(find(world, 'nothing', { timeoutMs: 60_000 })), '404 M_NOT_FOUND');
});

onEachDatabase('N187: what is quarantined, or uploaded since the freeze, is as if it were not there', async db => {
  const frozenSince = Date.now() + 10_000;
  await using world = await openMedia(db, { settings: { legacyDownloads: { frozenSince } } });
  const before = await uploadFor(world, world.alice, 'before');
  const pending = await create(world);
  world.skipTime(10_000);
  const since = await uploadFor(world, world.alice, 'since');
  await fill(world, pending);
  const legacy = { authenticated: false };
  assert.equal(await refusal(find(world, before, legacy)), 'none');
  assert.equal(await refusal(find(world, since, legacy)), '404 M_NOT_FOUND');
  assert.equal(await refusal(find(world, pending, legacy)), '404 M_NOT_FOUND');
  assert.equal(await refusal(find(world, since)), 'none');
  await world.media.quarantine.set(OWN_NAME, before, true);
  for (const changes of [legacy, {}]) assert.equal(await refusal(find(world, before, changes)), '404 M_NOT_FOUND');
  await world.media.quarantine.set(OWN_NAME, before, false);
  assert.equal(await refusal(find(world, before)), 'none');
});

onEachDatabase('media of other servers is fetched once and kept', async db => {
  const remote = otherServer('from afar');
  await using world = await openMedia(db, { remote });
  const other = { serverName: OTHER_NAME };
  assert.equal(await refusal(find(world, 'here', { ...other, allowRemote: false })), '404 M_NOT_FOUND');
  assert.equal(remote.asked, 0);
  const many = await Promise.all([1, 2, 3].map(() => find(world, 'here', other)));
  assert.equal(remote.asked, 1);
  assert.equal(await textOf(await world.media.store.read(many[0]!.fileId)), 'from afar');
  assert.deepEqual([many[0]!.fileName, many[0]!.isRemote], ['remote.txt', true]);
  assert.equal(await refusal(find(world, 'here', { ...other, allowRemote: false })), 'none');
  await world.media.quarantine.set(OTHER_NAME, 'here', true);
  assert.equal(await refusal(find(world, 'here', other)), '404 M_NOT_FOUND');
  assert.equal(remote.asked, 1);
});

onEachDatabase('a copy of a file goes when nobody has looked at it for long, and is fetched again', async db => {
  const remote = otherServer('from afar');
  await using world = await openMedia(db, { remote, settings: { keepRemoteMs: 10 * 24 * 3_600_000 } });
  const { signal } = new AbortController();
  const other = { serverName: OTHER_NAME };
  await create(world);
  const own = await uploadFor(world, world.alice, 'ours');
  await find(world, 'here', other);
  world.skipTime(9 * 24 * 3_600_000);
  await find(world, 'here', other);
  world.skipTime(9 * 24 * 3_600_000);
  assert.equal(await world.media.custody.deleteUnusedCopies(signal), 0, 'it was looked at');
  assert.equal(remote.asked, 1);
  world.skipTime(2 * 24 * 3_600_000);
  assert.equal(await world.media.custody.deleteUnusedCopies(signal), 1);
  assert.equal((await filesOf(world)).length, 1);
  assert.equal(await refusal(find(world, own)), 'none');
  await find(world, 'here', other);
  assert.equal(remote.asked, 2);
});

onEachDatabase('what another server does not have is not asked for again at once', async db => {
  const remote = otherServer('from afar');
  await using world = await openMedia(db, { remote });
  const other = { serverName: OTHER_NAME };
  for (let n = 0; n < 3; n++) assert.equal(await refusal(find(world, 'gone', other)), '404 M_NOT_FOUND');
  assert.equal(remote.asked, 1);
  world.skipTime(61_000);
  assert.equal(await refusal(find(world, 'gone', other)), '404 M_NOT_FOUND');
  assert.equal(remote.asked, 2);
});

onEachDatabase('a file of another server that is too large leaves nothing here', async db => {
  await using world = await openMedia(db, { remote: otherServer('from afar'), settings: { maxRemoteBytes: 8 } });
  assert.equal(await refusal(find(world, 'here', { serverName: OTHER_NAME })), '502 M_TOO_LARGE');
  assert.deepEqual(await filesOf(world), []);
});

onEachDatabase('without federation there is no media of other servers', async db => {
  await using world = await openMedia(db);
  assert.equal(await refusal(find(world, 'here', { serverName: OTHER_NAME })), '404 M_NOT_FOUND');
});
