import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { testBudget } from '../../../test/support/budget.ts';
import { testClient } from '../../../test/support/federation.ts';
import { TlsPeer } from '../../../test/support/tls-peer.ts';
import { addressGuard } from '../../base/address-guard.ts';
import { DialError, Dialer, interleave } from './dialer.ts';
import { requestTarget } from './request-target.ts';
import { NoSlotError, Slots } from './slots.ts';
import { systemHttpsGet } from './system-https-get.ts';
import { hostsFile } from './system-resolver.ts';

const LIMITS = { maxBytes: 1000, timeoutMs: 2000 };

test('the hosts file is read, and read again when it has changed', t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-hosts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hosts');
  const lookup = hostsFile(file);
  assert.deepEqual(lookup('a.example'), []);
  writeFileSync(file, '# a comment\n192.0.2.1 a.example A.Other # more\n2001:db8::1\ta.example\nnonsense b.example\n');
  assert.deepEqual(lookup('A.example'), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(lookup('a.other'), ['192.0.2.1']);
  assert.deepEqual(lookup('b.example'), []);
  writeFileSync(file, '192.0.2.2 a.example');
  utimesSync(file, 1, 1);
  assert.deepEqual(lookup('a.example'), ['192.0.2.2']);
});

test('HTTPS pages are fetched within their limits, redirects are given back', async t => {
  const { authority, net, dialer, clock } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['web.example'] }));
  net.addresses['web.example'] = ['127.0.0.1'];
  net.addresses['other.example'] = ['127.0.0.1'];
  const get = systemHttpsGet({ resolver: net.resolver, dialer, clock, userAgent: 'Copse/test' });
  const page = (path: string, host = 'web.example') => get(new URL(`https://${host}:${peer.port}${path}`), LIMITS);
  peer.json({ 'm.server': 'x' }, 200, { 'cache-control': 'max-age=5' });
  const answer = await page('/.well-known/matrix/server');
  assert.deepEqual([answer.status, answer.header('cache-control')], [200, 'max-age=5']);
  assert.equal(Buffer.from(answer.body).toString(), '{"m.server":"x"}');
  assert.equal(peer.seen[0]?.headers.host, `web.example:${peer.port}`);
  await assert.rejects(page('/', 'other.example'), DialError, 'the certificate is for another name');
  peer.json({}, 302, { location: 'https://elsewhere.example/' });
  assert.equal((await page('/')).header('location'), 'https://elsewhere.example/');
});

test('N120 a page of 10 MB is cut off, and one that never ends too', async t => {
  const { authority, net, dialer, clock } = testClient(t);
  await using peer = await TlsPeer.open(authority.issue({ names: ['web.example'] }));
  net.addresses['web.example'] = ['127.0.0.1'];
  const get = systemHttpsGet({ resolver: net.resolver, dialer, clock, userAgent: 'Copse/test' });
  const url = new URL(`https://web.example:${peer.port}/`);
  peer.answer = response => void response.end('x'.repeat(10_000_000));
  await assert.rejects(get(url, { ...LIMITS, maxBytes: 51_200 }), /longer than 51200 bytes/);
  peer.answer = response => void response.write('x');
  await assert.rejects(get(url, { ...LIMITS, timeoutMs: 150 }));
  peer.answer = () => undefined;
  await assert.rejects(get(url, { ...LIMITS, timeoutMs: 150 }));
});

test('N118 N119 a page at a private address is refused, however it is written', async t => {
  const { net, clock } = testClient(t);
  const dialer = new Dialer({
    budget: testBudget(),
    guard: addressGuard([]),
    clock,
    trust: () => assert.fail('it connects'),
    verifyTls: true,
  });
  const get = systemHttpsGet({ resolver: net.resolver, dialer, clock, userAgent: 'Copse/test' });
  net.addresses['in.example'] = ['10.0.0.1'];
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:7f00:1]', 'in.example']) {
    await assert.rejects(
      get(new URL(`https://${host}/`), LIMITS),
      (error: DialError) => error.stage === 'policy',
      host,
    );
  }
});

test('addresses of both families take turns, the family that worked first', () => {
  const targets = ['2001:db8::1', '2001:db8::2', '192.0.2.1'].map(address => ({ address, port: 1 }));
  const order = (worked: '4' | '6' | undefined) => interleave(targets, worked).map(({ address }) => address);
  assert.deepEqual(order(undefined), ['2001:db8::1', '192.0.2.1', '2001:db8::2']);
  assert.deepEqual(order('4'), ['192.0.2.1', '2001:db8::1', '2001:db8::2']);
  assert.deepEqual(interleave([], '4'), []);
});

test('slots are given in turn, past those whose key is full, and no more wait than may', async () => {
  const slots = new Slots({ total: 2, perKey: 1, waiting: 3, waitingPerKey: 2 });
  const { signal } = new AbortController();
  const order: string[] = [];
  const take = (key: string, name: string, stop = signal) =>
    slots.take(key, stop).then(giveBack => {
      order.push(name);
      return giveBack;
    });
  const first = await take('a', 'a1');
  const stop = new AbortController();
  const second = take('a', 'a2', stop.signal);
  const third = take('a', 'a3');
  const other = await take('b', 'b1');
  assert.deepEqual(order, ['a1', 'b1'], 'b does not wait for a');
  await assert.rejects(take('a', 'a4'), NoSlotError);
  stop.abort(new RangeError('enough'));
  await assert.rejects(second, RangeError);
  first();
  first();
  (await third)();
  other();
  assert.deepEqual([order.at(-1), slots.running], ['a3', 0]);
});

test('more may wait for a key that may have more, as long as the line is not full', async () => {
  const slots = new Slots({ total: 2, perKey: 1, waiting: 3, waitingPerKey: 1 });
  const { signal } = new AbortController();
  const giveBack = await slots.take('a', signal);
  const waiting = [slots.take('a', signal)];
  await assert.rejects(slots.take('a', signal), NoSlotError);
  waiting.push(slots.take('a', signal, 8), slots.take('a', signal, 8));
  await assert.rejects(slots.take('a', signal, 8), NoSlotError, 'the line is full for all');
  giveBack();
  for (const each of waiting) (await each)();
  assert.equal(slots.running, 0);
});

test('queries are encoded as they are signed', () => {
  assert.equal(requestTarget('/a'), '/a');
  assert.equal(requestTarget('/a', { b: 'x y&z', c: ['1', '2'], d: undefined, e: 3 }), '/a?b=x%20y%26z&c=1&c=2&e=3');
});
