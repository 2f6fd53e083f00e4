import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { addressGuard, ForbiddenAddressError } from './address-guard.ts';

const PRIVATE_URLS = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://0.0.0.0/',
  'http://169.254.169.254/latest/meta-data',
  'http://10.1.2.3/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://user@127.0.0.1/',
];

test('N118, N176 no spelling of a private address passes', () => {
  const guard = addressGuard([]);
  for (const url of PRIVATE_URLS) {
    assert.throws(() => guard.requireAllowed(new URL(url).hostname), ForbiddenAddressError, url);
  }
  for (const url of ['http://1.1.1.1/', 'http://[2606:4700::1111]/', 'http://example.org/']) {
    guard.requireAllowed(new URL(url).hostname);
  }
});

test('what is listed may be connected to all the same', () => {
  const guard = addressGuard(['10.0.0.0/8', '::1', '127.0.0.1']);
  for (const host of ['10.1.2.3', '[::1]', '127.0.0.1', '::ffff:127.0.0.1']) guard.requireAllowed(host);
  assert.throws(() => guard.requireAllowed('127.0.0.2'), ForbiddenAddressError);
  const all = addressGuard(['0.0.0.0/0', '::/0']);
  for (const url of PRIVATE_URLS) all.requireAllowed(new URL(url).hostname);
});

test('N178 a name is judged by the address that the socket connects to', async t => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise(listening => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  const attempt = (allowed: string[]) =>
    new Promise<string>(resolve => {
      const socket = connect({ host: 'localhost', port, lookup: addressGuard(allowed).lookup });
      socket.once('connect', () => {
        socket.destroy();
        resolve('connected');
      });
      socket.once('error', error => resolve(error.name));
    });
  assert.equal(await attempt([]), 'ForbiddenAddressError');
  assert.equal(await attempt(['127.0.0.0/8', '::1']), 'connected');
});
