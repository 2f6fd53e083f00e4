import assert from 'node:assert/strict';
import sharp from 'sharp';
import { onEachDatabase } from '../../test/support/databases.ts';
import { animation, asApng, picture, pictureWithAlpha, pngBomb } from '../../test/support/images.ts';
import { filesOf, type MediaWorld, OWN_NAME, openMedia, refusal, uploadFor } from '../../test/support/media.ts';
import { sql } from '../db/sql.ts';
import type { WantedThumbnail } from './thumbnails.ts';

type Wish = Partial<WantedThumbnail>;

async function find(world: MediaWorld, bytes: string | Uint8Array) {
  const mediaId = await uploadFor(world, world.alice, bytes, { contentType: 'image/png' });
  const rest = { timeoutMs: 0, allowRemote: true, authenticated: true, signal: new AbortController().signal };
  return world.media.downloads.find({ serverName: OWN_NAME, mediaId, ...rest });
}

/** Uploads an image and looks at its thumbnail: the smallest square, or scaled where a size is given. */
async function thumbnail(world: MediaWorld, bytes: string | Uint8Array, wish: Wish) {
  const media = await find(world, bytes);
  const method = wish.width === undefined ? 'crop' : 'scale';
  const wanted = { width: 32, height: 32, method, animated: false, ...wish } as const;
  const made = await world.media.thumbnails.of(media, wanted);
  const chunks: Buffer[] = [];
  for await (const chunk of (await world.media.store.read(made.fileId)) ?? []) chunks.push(chunk as Buffer);
  const data = Buffer.concat(chunks);
  const { width = 0, height = 0, pages = 1, format } = await sharp(data).metadata();
  assert.equal(`image/${format}`, made.contentType.replace('apng', 'png'), 'the type is what the bytes are');
  assert.equal(data.length, made.size);
  return { size: `${width}x${height}`, pages, type: made.contentType, data, isOriginal: made.fileId === media.fileId };
}

async function countRows(world: { db: import('../db/database.ts').Database }): Promise<number> {
  return (await world.db.get<{ n: number }>(sql`select count(*) as n from media_thumbnail`))?.n ?? -1;
}

onEachDatabase('scaling keeps the shape, cropping makes it a square, nothing grows', async db => {
  await using world = await openMedia(db);
  const wide = await picture(900, 300, 'jpeg');
  assert.equal((await thumbnail(world, wide, { width: 320, height: 240 })).size, '320x107');
  assert.equal((await thumbnail(world, wide, { width: 80, height: 80, method: 'crop' })).size, '96x96');
  const flat = await picture(400, 20, 'png');
  assert.equal((await thumbnail(world, flat, { width: 96, height: 96, method: 'crop' })).size, '96x20');
  const small = await thumbnail(world, await picture(300, 200, 'webp'), { width: 320, height: 240 });
  assert.deepEqual([small.isOriginal, small.type], [true, 'image/webp']);
});

onEachDatabase('a photo is turned the way it is looked at', async db => {
  await using world = await openMedia(db);
  const turned = await thumbnail(world, await picture(800, 400, 'jpeg', 6), { width: 320, height: 240 });
  assert.equal(turned.size, '120x240');
  const { data } = await sharp(turned.data).resize(1, 2, { fit: 'fill' }).raw().toBuffer({ resolveWithObject: true });
  assert.ok(data[0]! > data[2]! && data[5]! > data[3]!, 'red above, blue below');
});

onEachDatabase('only what can be seen through stays a PNG', async db => {
  await using world = await openMedia(db);
  assert.equal((await thumbnail(world, await pictureWithAlpha(200, 200, 0.5), {})).type, 'image/png');
  assert.equal((await thumbnail(world, await pictureWithAlpha(200, 200, 1), {})).type, 'image/jpeg');
});

onEachDatabase('animations move only where that is wanted', async db => {
  await using world = await openMedia(db);
  const gif = await animation(400, 300, 5, 'gif');
  const moving = await thumbnail(world, gif, { width: 320, height: 240, animated: true });
  assert.deepEqual([moving.type, moving.pages, moving.size], ['image/webp', 5, '320x240']);
  const still = await thumbnail(world, gif, { width: 320, height: 240 });
  assert.deepEqual([still.type, still.pages, still.size], ['image/jpeg', 1, '320x240']);
  const small = await thumbnail(world, gif, { width: 500, height: 400 });
  assert.deepEqual([small.isOriginal, small.pages, small.size], [false, 1, '400x300']);
  assert.equal((await thumbnail(world, gif, { width: 500, height: 400, animated: true })).isOriginal, true);
  const apng = asApng(await picture(30, 30));
  assert.deepEqual((await thumbnail(world, apng, {})).isOriginal, false);
  assert.deepEqual((await thumbnail(world, apng, { animated: true })).type, 'image/apng');
});

onEachDatabase('a thumbnail is made once, whoever asks and however often', async db => {
  await using world = await openMedia(db);
  const media = await find(world, await picture(400, 400));
  const wanted = { width: 96, height: 96, method: 'crop', animated: false } as const;
  const made = await Promise.all([1, 2, 3, 4].map(() => world.media.thumbnails.of(media, wanted)));
  assert.equal(new Set(made.map(({ fileId }) => fileId)).size, 1);
  assert.deepEqual({ ...(await world.media.thumbnails.of(media, wanted)) }, { ...made[0] });
  assert.equal((await filesOf(world)).length, 2);
  assert.equal(await countRows({ db }), 1);
});

onEachDatabase('N183: only JPEG, PNG, GIF and WebP are decoded, by their first bytes', async db => {
  await using world = await openMedia(db);
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect width="99" height="99"/></svg>';
  const others: (string | Uint8Array)[] = [
    svg,
    `<?xml version="1.0"?>\n${svg}`,
    '%PDF-1.7\n',
    '8BPS\0\x01',
    '%!PS-Adobe-3.0 EPSF',
    '',
  ];
  for (const format of ['tiff', 'avif'] as const) others.push(await picture(99, 99, format));
  others.push(Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'));
  for (const bytes of others)
    assert.equal(await refusal(thumbnail(world, bytes, {})), '400 M_UNKNOWN', bytes.slice(0, 20).toString());
  const jpegThenSvg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(svg)]);
  assert.equal(await refusal(thumbnail(world, jpegThenSvg, {})), '400 M_UNKNOWN');
  assert.equal((await thumbnail(world, await picture(99, 99, 'gif'), {})).size, '32x32');
});

onEachDatabase('N184: a bomb is refused before it is decoded, and its process lives on', async db => {
  await using world = await openMedia(db);
  const bomb = pngBomb(30_000);
  assert.ok(bomb.length < 200_000);
  // An image process that began to decode would be ended for its memory or after its time, which is another answer.
  assert.equal(await refusal(thumbnail(world, bomb, {})), '413 M_TOO_LARGE');
  assert.equal((await thumbnail(world, await picture(99, 99), {})).size, '32x32');
});

onEachDatabase('N184: an animation of too many frames becomes a still', async db => {
  const thumbnails = { maxPixels: 100_000, memoryBytes: 2 ** 28, timeoutMs: 10_000, idleMs: 1000, waiting: 10 };
  await using world = await openMedia(db, { settings: { thumbnails } });
  const many = await thumbnail(world, await animation(200, 200, 10, 'gif'), { animated: true });
  assert.deepEqual([many.pages, many.type], [1, 'image/jpeg']);
});

onEachDatabase('N184: an image of another server that is too large is a bad gateway', async db => {
  await using world = await openMedia(db);
  const media = { ...(await find(world, pngBomb(9000))), isRemote: true };
  const wanted = { width: 32, height: 32, method: 'crop', animated: false } as const;
  assert.equal(await refusal(world.media.thumbnails.of(media, wanted)), '502 M_TOO_LARGE');
});

onEachDatabase('N185: wishes of any size fill nothing', async db => {
  await using world = await openMedia(db);
  const media = await find(world, await picture(700, 700, 'jpeg'));
  for (const width of [1, 31, 33, 95, 97, 300, 641, 5000, 1e9])
    for (const method of ['crop', 'scale'] as const)
      await world.media.thumbnails.of(media, { width, height: width, method, animated: false });
  assert.ok((await countRows({ db })) <= 9);
  assert.ok((await filesOf(world)).length <= 8);
});

onEachDatabase('thumbnails go with their media', async db => {
  await using world = await openMedia(db);
  const mediaId = await uploadFor(world, world.alice, await picture(400, 400));
  const rest = { timeoutMs: 0, allowRemote: true, authenticated: true, signal: new AbortController().signal };
  const media = await world.media.downloads.find({ serverName: OWN_NAME, mediaId, ...rest });
  await world.media.thumbnails.of(media, { width: 32, height: 32, method: 'crop', animated: false });
  assert.equal((await filesOf(world)).length, 2);
  await world.media.custody.delete(OWN_NAME, mediaId);
  assert.deepEqual(await filesOf(world), []);
  assert.equal(await countRows({ db }), 0);
});
