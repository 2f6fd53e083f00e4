import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { picture } from '../../../test/support/images.ts';
import { filesOf, type MediaWorld, OWN_NAME, openMedia } from '../../../test/support/media.ts';
import { WebSite } from '../../../test/support/web-site.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';

const PATH = '/_matrix/client/v1/media/preview_url';
const HOUR_MS = 3_600_000;
const LOOPBACK = { settings: { previews: { enabled: true, allowedAddresses: ['127.0.0.1'] } } };
const open = (db: Database) => openMedia(db, LOOPBACK);

async function preview(world: MediaWorld, url: string, more = '', path = PATH) {
  const headers = { authorization: 'Bearer alice' };
  const answer = await world.http.app.inject({ url: `${path}?url=${encodeURIComponent(url)}${more}`, headers });
  const body = answer.json() as JsonObject;
  return { status: answer.statusCode, body, refusal: `${answer.statusCode} ${String(body.errcode)}` };
}

const page = (fields: string) => `<html><head><title>Title</title>${fields}</head><body></body></html>`;

onEachDatabase('a page is shown with its own words and a copy of its picture', async db => {
  await using world = await open(db);
  await using site = await WebSite.open();
  const png = await picture(40, 20);
  site.page('/pic/a.png', response => response.setHeader('content-type', 'image/png').end(png));
  const og = '<meta property="og:title" content="The Rock"><meta property="og:type" content="video.movie">';
  const url = site.html('/pic/page.html#x', '');
  site.html(
    '/pic/page.html',
    page(`${og}<meta property="og:image" content="a.png"><meta property="og:image:width" content="9">`),
  );
  for (const path of [PATH, '/_matrix/media/v3/preview_url']) {
    const { status, body } = await preview(world, url, '', path);
    assert.equal(status, 200);
    const image = String(body['og:image']);
    assert.match(image, new RegExp(`^mxc://${OWN_NAME}/`));
    assert.deepEqual(body, {
      'og:title': 'The Rock',
      'og:type': 'video.movie',
      'og:image': image,
      'og:image:type': 'image/png',
      'og:image:width': 40,
      'og:image:height': 20,
      'matrix:image:size': png.length,
    });
    const download = `/_matrix/client/v1/media/download/${image.slice('mxc://'.length)}`;
    const file = await world.http.app.inject({ url: download, headers: { authorization: 'Bearer bob' } });
    assert.deepEqual(file.rawPayload, png);
  }
  assert.deepEqual(
    [...site.hits],
    [
      ['/pic/page.html', 1],
      ['/pic/a.png', 1],
    ],
  );
});

onEachDatabase('a picture is its own preview, and what says nothing has an empty one', async db => {
  await using world = await open(db);
  await using site = await WebSite.open();
  const png = await picture(8, 8);
  const image = site.page('/a', response => response.setHeader('content-type', 'image/png').end(png));
  assert.equal((await preview(world, image)).body['og:image:width'], 8);
  const svg = site.page('/b', response => response.setHeader('content-type', 'image/svg+xml').end('<svg/>'));
  assert.deepEqual((await preview(world, svg)).body, {});
  const zip = site.page('/c', response => response.setHeader('content-type', 'application/zip').end('PK'));
  assert.deepEqual((await preview(world, zip)).body, {});
  assert.equal((await filesOf(world)).length, 1);
});

onEachDatabase(
  'a preview is made once a day, once for all who ask, and failures are not tried at once again',
  async db => {
    await using world = await open(db);
    await using site = await WebSite.open();
    const url = site.html('/', page(''));
    const answers = await Promise.all([1, 2, 3, 4].map(() => preview(world, url)));
    for (const { body } of answers) assert.deepEqual(body, { 'og:title': 'Title' });
    site.html('/', '<title>New</title>');
    await preview(world, `${url}#fragment`);
    assert.equal(site.hits.get('/'), 1);
    world.skipTime(25 * HOUR_MS);
    assert.deepEqual((await preview(world, url)).body, { 'og:title': 'New' });
    const gone = site.url('/gone');
    assert.equal((await preview(world, gone)).refusal, '502 M_UNKNOWN');
    assert.equal((await preview(world, gone)).refusal, '502 M_UNKNOWN');
    assert.equal(site.hits.get('/gone'), 1);
    world.skipTime(HOUR_MS);
    await preview(world, gone);
    assert.equal(site.hits.get('/gone'), 2);
  },
);

onEachDatabase('of several previews the one of the wanted time is given; old ones go with their pictures', async db => {
  await using world = await open(db);
  await using site = await WebSite.open();
  const png = await picture(8, 8);
  site.page('/a.png', response => response.setHeader('content-type', 'image/png').end(png));
  const url = site.html('/', page('<meta property="og:image" content="/a.png">'));
  await preview(world, url);
  assert.equal((await filesOf(world)).length, 1);
  world.skipTime(6 * 24 * HOUR_MS);
  await world.media.previews?.tidy();
  assert.equal((await filesOf(world)).length, 1);
  world.skipTime(2 * 24 * HOUR_MS);
  await world.media.previews?.tidy();
  assert.equal((await filesOf(world)).length, 0);
  assert.equal((await preview(world, url, '&ts=1')).body['og:title'], 'Title');
});

onEachDatabase('N176 private addresses are refused, however they are written', async db => {
  await using world = await openMedia(db);
  const hosts = '127.0.0.1 127.1 2130706433 0x7f.1 0177.0.0.1 0.0.0.0 169.254.169.254 10.0.0.1 192.168.1.1 [::1] [::]';
  for (const host of [...hosts.split(' '), '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '①②⑦.0.0.1', '127。0。0。1']) {
    assert.equal((await preview(world, `http://${host}/`)).refusal, '403 M_FORBIDDEN', host);
  }
  assert.equal((await preview(world, 'http://user:pw@1.1.1.1/')).refusal, '400 M_INVALID_PARAM');
});

onEachDatabase('N178 a name that points to a private address is refused when connecting', async db => {
  await using world = await openMedia(db);
  await using site = await WebSite.open();
  const url = site.html('/', page('')).replace('127.0.0.1', 'localhost');
  assert.equal((await preview(world, url)).refusal, '403 M_FORBIDDEN');
  assert.equal(site.hits.size, 0);
});

onEachDatabase('N177 redirects and pictures are judged like the first URL, at every hop', async db => {
  await using world = await open(db);
  await using site = await WebSite.open();
  await using inner = await WebSite.open('127.0.0.2');
  const secret = inner.html('/', page(''));
  const to = (location: string) =>
    site.page(`/to/${encodeURIComponent(location)}`, response => response.writeHead(302, { location }).end());
  for (const target of [secret, to(secret), to(to(secret))]) {
    assert.equal((await preview(world, to(target))).refusal, '403 M_FORBIDDEN', target);
  }
  assert.equal((await preview(world, to('file:///etc/passwd'))).refusal, '400 M_INVALID_PARAM');
  assert.equal((await preview(world, to('http://a:b@127.0.0.1/'))).refusal, '400 M_INVALID_PARAM');
  const image = site.html('/image', page(`<meta property="og:image" content="${secret}">`));
  assert.deepEqual((await preview(world, image)).body, { 'og:title': 'Title' });
  assert.equal(inner.hits.size, 0);
  const good = site.html('/good', page(''));
  assert.equal((await preview(world, to(to(good)))).body['og:title'], 'Title');
  const round = site.page('/round', response => response.writeHead(301, { location: '/round' }).end());
  assert.equal((await preview(world, round)).refusal, '502 M_UNKNOWN');
  assert.equal(site.hits.get('/round'), 6);
});

onEachDatabase('N179 packed, endless and broken pages cost little', async db => {
  await using world = await open(db);
  await using site = await WebSite.open();
  const packed = (path: string, encoding: string, bytes: Buffer) =>
    site.page(path, response =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': encoding }).end(bytes),
    );
  const html = Buffer.from(page(''));
  assert.equal((await preview(world, packed('/gzip', 'gzip', gzipSync(html)))).body['og:title'], 'Title');
  assert.equal((await preview(world, packed('/br', 'br', brotliCompressSync(html)))).body['og:title'], 'Title');
  const bomb = gzipSync(Buffer.concat([html, Buffer.alloc(64 * 1024 * 1024, 0x20)]), { level: 1 });
  const before = process.memoryUsage().rss;
  assert.equal((await preview(world, packed('/bomb', 'gzip', bomb))).body['og:title'], 'Title');
  assert.ok(process.memoryUsage().rss - before < 40 * 1024 * 1024);
  assert.equal((await preview(world, packed('/bad', 'gzip', html))).refusal, '502 M_UNKNOWN');
  assert.equal((await preview(world, packed('/odd', 'compress', html))).refusal, '502 M_UNKNOWN');
  const endless = site.page('/endless', response => {
    response.writeHead(200, { 'content-type': 'text/html' });
    const more = () => {
      while (!response.destroyed && response.write('<p>'.repeat(5000)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  assert.equal((await preview(world, endless)).status, 200);
  const huge = site.page('/huge.png', response =>
    response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(11 << 20)),
  );
  assert.equal((await preview(world, huge)).refusal, '502 M_UNKNOWN');
  assert.equal((await filesOf(world)).length, 0);
});

onEachDatabase('N180 only http and https have previews', async db => {
  await using world = await open(db);
  for (const url of ['ftp://example.org/', 'file:///etc/passwd', 'data:text/html,x', 'javascript:1', 'nonsense', '']) {
    assert.equal((await preview(world, url)).refusal, '400 M_INVALID_PARAM', url);
  }
  const headers = { authorization: 'Bearer guest' };
  assert.equal((await world.http.app.inject({ url: `${PATH}?url=http://127.0.0.1/`, headers })).statusCode, 403);
  assert.equal(
    (await world.http.app.inject({ url: PATH, headers: { authorization: 'Bearer alice' } })).statusCode,
    400,
  );
  assert.equal((await world.http.app.inject({ url: `${PATH}?url=http://127.0.0.1/` })).statusCode, 401);
});

onEachDatabase('switched off there is no such endpoint', async db => {
  await using world = await openMedia(db, { settings: { previews: { enabled: false, allowedAddresses: [] } } });
  assert.equal((await preview(world, 'http://example.org/')).refusal, '404 M_UNRECOGNIZED');
});
