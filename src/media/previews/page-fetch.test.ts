import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSite } from '../../../test/support/web-site.ts';
import { addressGuard } from '../../base/address-guard.ts';
import { systemClock } from '../../base/clock.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { fetchPage } from './page-fetch.ts';

const parts = { clock: systemClock, guard: addressGuard(['127.0.0.1']), timeoutMs: 300 };

async function readAll(url: string): Promise<string> {
  return fetchPage(parts, new URL(url), '*/*', async ({ body }) => {
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    return text;
  });
}

const isTooSlow = (error: unknown) =>
  error instanceof MatrixError && error.status === 502 && error.message === 'The page took too long.';

test('N179 a page that dawdles is given up, before its headers and after', async () => {
  // The clock's timers do not keep a process alive, and the sockets of a server that waits do.
  await using site = await WebSite.open();
  await assert.rejects(readAll(site.page('/silent', () => undefined)), isTooSlow);
  const slow = site.page('/slow', response => {
    response.writeHead(200, { 'content-type': 'text/html' });
    const drip = setInterval(() => (response.destroyed ? clearInterval(drip) : response.write('<p>')), 20);
  });
  await assert.rejects(readAll(slow), isTooSlow);
  const packed = site.page('/packed', response => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).flushHeaders();
  });
  await assert.rejects(readAll(packed), isTooSlow);
  assert.equal(await readAll(site.html('/good', 'text')), 'text');
});

test('a page that breaks off is an error, not a short page', async () => {
  await using site = await WebSite.open();
  const cut = site.page('/cut', response => {
    response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy());
  });
  await assert.rejects(readAll(cut), error => error instanceof MatrixError && error.status === 502);
});
