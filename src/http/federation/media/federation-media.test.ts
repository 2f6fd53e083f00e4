import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { FederatedWorld, federatedServer } from '../../../../test/support/federated-server.ts';
import { identityOf } from '../../../../test/support/federation.ts';
import { picture } from '../../../../test/support/images.ts';
import { type MediaWorld, OWN_NAME, openMedia, uploadFor } from '../../../../test/support/media.ts';
import { federationServer, signed } from '../../../../test/support/signed-requests.ts';
import { systemClock } from '../../../base/clock.ts';
import { systemRandom } from '../../../base/random.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { Database } from '../../../db/database.ts';
import { boundaryOf, MultipartReader } from '../../../federation/media/multipart.ts';
import { FederatedMedia } from '../../../federation/media/remote-media.ts';
import { federationMediaRoutes } from './routes.ts';

const PREFIX = '/_matrix/federation/v1/media';
const peer = identityOf('peer.example', 3);

function serving(t: TestContext, { media }: MediaWorld) {
  const routes = federationMediaRoutes({ media, serverName: OWN_NAME, random: systemRandom });
  const { app } = federationServer(t, routes, async ({ authorization }) => {
    assert.ok(authorization.length > 0);
    return peer.serverName;
  });
  return (path: string) =>
    app.inject({
      url: `${PREFIX}${path}`,
      headers: { authorization: signed(peer, OWN_NAME, 'GET', `${PREFIX}${path}`) },
    });
}

async function partsOf(contentType: unknown, bytes: Buffer): Promise<[Record<string, string>, Buffer][]> {
  const boundary = boundaryOf(String(contentType)) ?? assert.fail('no boundary');
  const reader = new MultipartReader(
    (async function* () {
      yield bytes;
    })(),
    boundary,
  );
  const parts: [Record<string, string>, Buffer][] = [];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push([Object.fromEntries(part.headers), Buffer.concat(chunks)]);
  }
  return parts;
}

onEachDatabase('a file of ours is sent as the second of two parts', async (db, t) => {
  await using world = await openMedia(db);
  const get = serving(t, world);
  for (const [bytes, contentType, served, disposition] of [
    [Buffer.alloc(300_000, 'ab\r\n--'), 'text/plain', 'text/plain', 'inline; filename="a.txt"'],
    [Buffer.alloc(0), 'text/html', 'text/html', 'attachment; filename="a.txt"'],
    [
      Buffer.from('x'),
      'text/plain\r\nLocation: https://evil.example/',
      'application/octet-stream',
      'attachment; filename="a.txt"',
    ],
  ] as const) {
    const mediaId = await uploadFor(world, world.alice, bytes, { contentType, fileName: 'a.txt' });
    const answer = await get(`/download/${mediaId}`);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(Number(answer.headers['content-length']), answer.rawPayload.length);
    assert.deepEqual(await partsOf(answer.headers['content-type'], answer.rawPayload), [
      [{ 'content-type': 'application/json' }, Buffer.from('{}')],
      [{ 'content-type': served, 'content-disposition': disposition }, bytes],
    ]);
  }
});

onEachDatabase('what is not here is not served to servers either', async (db, t) => {
  const remote = { fetch: () => assert.fail('nothing is fetched for others') };
  await using world = await openMedia(db, { remote });
  const get = serving(t, world);
  const refusal = async (path: string) => {
    const answer = await get(path);
    return `${answer.statusCode} ${answer.json<{ errcode: string }>().errcode}`;
  };
  const mediaId = await uploadFor(world, world.alice, 'x');
  assert.equal(await refusal('/download/unknown'), '404 M_NOT_FOUND');
  assert.equal(await refusal('/download/a.b'), '400 M_INVALID_PARAM');
  const { uri } = await world.media.uploads.create(world.alice.userNid);
  assert.equal(await refusal(`/download/${uri.split('/').at(-1)}?timeout_ms=10`), '504 M_NOT_YET_UPLOADED');
  assert.equal(await refusal(`/thumbnail/${mediaId}?width=0&height=1`), '400 M_INVALID_PARAM');
  assert.equal(await refusal(`/thumbnail/${mediaId}?width=1&height=1`), '400 M_UNKNOWN');
  await world.media.quarantine.set(OWN_NAME, mediaId, true);
  assert.equal(await refusal(`/download/${mediaId}`), '404 M_NOT_FOUND');
  await world.media.quarantine.set(OWN_NAME, mediaId, false);
  for await (const file of world.media.store.filesBefore(8.64e15)) await world.media.store.delete(file);
  assert.equal(await refusal(`/download/${mediaId}`), '404 M_NOT_FOUND');
});

onEachDatabase('thumbnails are sent the same way', async (db, t) => {
  await using world = await openMedia(db);
  const mediaId = await uploadFor(world, world.alice, await picture(400, 300, 'jpeg'));
  const answer = await serving(t, world)(`/thumbnail/${mediaId}?width=96&height=96&method=crop`);
  assert.equal(answer.statusCode, 200, answer.body);
  const [, [headers = {}, bytes = Buffer.alloc(0)] = []] = await partsOf(
    answer.headers['content-type'],
    answer.rawPayload,
  );
  assert.deepEqual(headers, {
    'content-type': 'image/jpeg',
    'content-disposition': 'inline; filename="thumbnail.jpg"',
  });
  assert.ok(bytes.length > 100 && bytes.length < 20_000);
});

/** A server with media whose files other servers can ask for. */
async function mediaServer(t: TestContext, world: FederatedWorld, db: Database, name: string, own: MediaWorld) {
  const endpoints = federationMediaRoutes({ media: own.media, serverName: OWN_NAME, random: systemRandom });
  return federatedServer(t, world, { name, db, endpoints });
}

onEachDatabase('two servers: a file of one is downloaded by the other', async (db, t) => {
  const world = new FederatedWorld();
  await using theirs = await openMedia(db);
  await mediaServer(t, world, db, OWN_NAME, theirs);
  const us = await federatedServer(t, world, { name: 'us.example', db });
  const media = new FederatedMedia({
    client: us.client,
    https: () => assert.fail('nothing is elsewhere'),
    clock: systemClock,
  });
  const bytes = await picture(400, 300, 'png');
  const mediaId = await uploadFor(theirs, theirs.alice, bytes, { contentType: 'image/png', fileName: 'ü.png' });
  const received = await media.fetch(
    { origin: OWN_NAME as ServerName, mediaId: mediaId as never, timeoutMs: 1000, maxBytes: 1_000_000 },
    async ({ contentType, fileName, body }) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { contentType, fileName, bytes: Buffer.concat(chunks) };
    },
  );
  assert.deepEqual(received, { contentType: 'image/png', fileName: 'ü.png', bytes: Buffer.from(bytes) });
});
