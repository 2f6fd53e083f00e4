import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HEALTH_PATH } from '../../http/health.ts';
import { askHealth } from './ask-health.ts';

test('a server is good, or going, or silent; whatever it says is a sign of life', async t => {
  let status = 200;
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url}`);
    answer.writeHead(status).end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  assert.equal(await askHealth(at), 'good');
  status = 503;
  assert.equal(await askHealth(at), 'going');
  status = 404;
  assert.equal(await askHealth(at), 'good');
  assert.equal(asked[0], `GET ${HEALTH_PATH}`);
  assert.equal(await askHealth({ ...at, port: 1 }), 'silent');
});

test('a front is good while what it runs lives', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-health-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pidFile = join(folder, 'nginx.conf.pid');
  assert.equal(await askHealth({ pidFile }), 'silent');
  writeFileSync(pidFile, `${process.pid}\n`);
  assert.equal(await askHealth({ pidFile }), 'good');
  writeFileSync(pidFile, `${2 ** 22 + 1}\n`);
  assert.equal(await askHealth({ pidFile }), 'silent');
});
