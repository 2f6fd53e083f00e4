import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { picture } from '../../../../test/support/images.ts';
import { filesOf, type MediaWorld, OWN_NAME, openMedia, uploadFor } from '../../../../test/support/media.ts';
import { legacyDownloads } from '../../../media/settings.ts';

const AUTHED = '/_matrix/client/v1/media';
const LEGACY = '/_matrix/media/v3';
const headers = { authorization: 'Bearer alice' };

function get(world: MediaWorld, url: string, more: Record<string, string> = {}) {
  return world.http.app.inject({ url, headers: { ...headers, ...more } });
}

onEachDatabase('N175: names that break the grammar are refused on every path', async db => {
  await using world = await openMedia(db);
  await uploadFor(world, world.alice, 'here');
  const bad = [
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e%2fx',
    'a%00b',
    'a'.repeat(300),
    'a%2fb',
    'a.b',
    'C:',
    'aux.txt',
    'a%5cb',
    '%ff',
  ];
  for (const name of bad) {
    const paths = [`download/${OWN_NAME}/${name}`, `download/${name}%20/abc`, `download/${OWN_NAME}/${name}/f.txt`];
    for (const path of [...paths, `thumbnail/${OWN_NAME}/${name}?width=1&height=1`])
      for (const prefix of [AUTHED, LEGACY])
        assert.equal((await get(world, `${prefix}/${path}`)).statusCode, 400, `${prefix}/${path}`);
    const put = { method: 'PUT', url: `${LEGACY}/upload/${OWN_NAME}/${name}`, headers, payload: 'x' } as const;
    assert.equal((await world.http.app.inject(put)).statusCode, 400, name);
  }
  assert.equal((await filesOf(world)).length, 1);
});

onEachDatabase('N182: what could run in a browser is an attachment in a sandbox', async db => {
  await using world = await openMedia(db);
  for (const contentType of [
    'text/html',
    'image/svg+xml',
    'text/xml',
    'application/pdf',
    'application/javascript',
    'x',
  ]) {
    const mediaId = await uploadFor(world, world.alice, '<script>alert(1)</script>', {
      contentType,
      fileName: 'a.html',
    });
    for (const prefix of [AUTHED, LEGACY]) {
      const answer = await get(world, `${prefix}/download/${OWN_NAME}/${mediaId}`);
      assert.equal(answer.headers['content-disposition'], 'attachment; filename="a.html"');
      assert.equal(answer.headers['content-type'], contentType === 'x' ? 'application/octet-stream' : contentType);
      assert.match(
        String(answer.headers['content-security-policy']),
        /^sandbox; default-src 'none'; script-src 'none'/,
      );
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin');
      assert.equal(answer.body, '<script>alert(1)</script>');
    }
  }
});

onEachDatabase('N182: HTML that claims to be an image is served as that image', async db => {
  await using world = await openMedia(db);
  const mediaId = await uploadFor(world, world.alice, '<script>1</script>', { contentType: 'image/png' });
  const answer = await get(world, `${AUTHED}/download/${OWN_NAME}/${mediaId}`);
  assert.deepEqual([answer.headers['content-type'], answer.headers['content-disposition']], ['image/png', 'inline']);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  const thumbnail = await get(world, `${AUTHED}/thumbnail/${OWN_NAME}/${mediaId}?width=1&height=1`);
  assert.deepEqual([thumbnail.statusCode, thumbnail.json().errcode], [400, 'M_UNKNOWN']);
});

onEachDatabase('a name in the path replaces the one of the upload', async db => {
  await using world = await openMedia(db);
  const mediaId = await uploadFor(world, world.alice, 'x', { contentType: 'text/plain', fileName: 'old.txt' });
  for (const prefix of [AUTHED, LEGACY]) {
    const answer = await get(world, `${prefix}/download/${OWN_NAME}/${mediaId}/n%C3%A9w%2F.txt`);
    const expected = 'inline; filename="n_w/.txt"; filename*=utf-8\'\'n%C3%A9w%2F.txt';
    assert.equal(answer.headers['content-disposition'], expected);
  }
});

onEachDatabase('N187: downloads need a token, but for the deprecated ones while they are served', async db => {
  for (const [open, status, width] of [
    ['all', 200, 40],
    ['none', 404, 41],
    ['2999-01-01', 200, 42],
    ['2001-01-01', 404, 43],
  ] as const) {
    await using world = await openMedia(db, { settings: { legacyDownloads: legacyDownloads(open) } });
    const name = `${OWN_NAME}/${await uploadFor(world, world.alice, await picture(width, 40))}`;
    for (const path of [`download/${name}`, `download/${name}/a.png`, `thumbnail/${name}?width=96&height=96`]) {
      const authed = await world.http.app.inject({ url: `${AUTHED}/${path}` });
      assert.deepEqual([authed.statusCode, authed.json().errcode], [401, 'M_MISSING_TOKEN']);
      for (const version of ['v3', 'r0', 'v1']) {
        const legacy = await world.http.app.inject({ url: `/_matrix/media/${version}/${path}` });
        assert.equal(legacy.statusCode, status, `${version} ${path}`);
      }
    }
    await world.media.quarantine.set(OWN_NAME, name.split('/')[1] ?? '', true);
    for (const prefix of [AUTHED, LEGACY])
      for (const path of [`download/${name}`, `thumbnail/${name}?width=96&height=96`])
        assert.equal((await get(world, `${prefix}/${path}`)).statusCode, 404);
  }
});

onEachDatabase('ranges and what the client has already', async db => {
  await using world = await openMedia(db);
  const url = `${AUTHED}/download/${OWN_NAME}/${await uploadFor(world, world.alice, '0123456789')}`;
  const whole = await get(world, url);
  assert.deepEqual([whole.headers['content-length'], whole.headers['accept-ranges']], ['10', 'bytes']);
  assert.equal(whole.headers['cache-control'], 'private, max-age=31536000, immutable');
  const etag = String(whole.headers.etag);
  const part = await get(world, url, { range: 'bytes=2-4' });
  assert.deepEqual([part.statusCode, part.body, part.headers['content-range']], [206, '234', 'bytes 2-4/10']);
  assert.equal((await get(world, url, { range: 'bytes=2-4', 'if-range': etag })).statusCode, 206);
  assert.equal((await get(world, url, { range: 'bytes=2-4', 'if-range': '"old"' })).statusCode, 200);
  const outside = await get(world, url, { range: 'bytes=10-' });
  assert.deepEqual([outside.statusCode, outside.headers['content-range']], [416, 'bytes */10']);
  const known = await get(world, url, { 'if-none-match': `"other", W/${etag}` });
  assert.deepEqual([known.statusCode, known.body], [304, '']);
});

onEachDatabase('an empty file is a file', async db => {
  await using world = await openMedia(db);
  const answer = await get(world, `${AUTHED}/download/${OWN_NAME}/${await uploadFor(world, world.alice, '')}`);
  assert.deepEqual([answer.statusCode, answer.body, answer.headers['content-length']], [200, '', '0']);
});

onEachDatabase('a file that the disk has lost is not found', async db => {
  await using world = await openMedia(db);
  const url = `${AUTHED}/download/${OWN_NAME}/${await uploadFor(world, world.alice, 'x')}`;
  for await (const file of world.media.store.filesBefore(8.64e15)) await world.media.store.delete(file);
  const answer = await get(world, url);
  assert.deepEqual([answer.statusCode, answer.json().errcode], [404, 'M_NOT_FOUND']);
  assert.equal(answer.headers['content-disposition'], undefined);
});

onEachDatabase('N185: a thumbnail has a type, a place and sane sizes', async db => {
  await using world = await openMedia(db);
  const mediaId = await uploadFor(world, world.alice, await picture(400, 300, 'jpeg'), { contentType: 'text/html' });
  const url = `${AUTHED}/thumbnail/${OWN_NAME}/${mediaId}`;
  for (const query of [
    'width=96&height=96&method=crop',
    'width=640&height=480',
    'width=1000000000&height=1000000000',
  ]) {
    const answer = await get(world, `${url}?${query}`);
    assert.equal(answer.statusCode, 200, query);
    assert.equal(answer.headers['content-type'], 'image/jpeg');
    assert.equal(answer.headers['content-disposition'], 'inline; filename="thumbnail.jpg"');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  const bad = [
    '',
    'width=1',
    'width=&height=1',
    'width=0&height=1',
    'width=-5&height=1',
    'width=1.5&height=1',
    'width=x&height=1',
  ];
  for (const query of [...bad, 'width=1&height=1&method=x', 'width=1&height=1&animated=maybe'])
    assert.equal((await get(world, `${url}?${query}`)).statusCode, 400, query);
});
