import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import {
  domainOf,
  isEventId,
  isHistoricalUserId,
  isResolvable,
  isRoomAlias,
  isRoomId,
  isServerName,
  isUserId,
  isValidNewLocalpart,
  localpartOf,
  parseServerName,
  parseUserId,
  type ServerName,
  type UserId,
} from './ids.ts';

const GOOD_NAMES = [
  'matrix.org',
  'matrix.org:8888',
  '1.2.3.4',
  '1.2.3.4:1234',
  '127.0.0.1:22',
  '[1234:5678::abcd]',
  '[1234:5678::abcd]:5678',
  '[::1]',
  '[::]',
  '[::ffff:1.2.3.4]',
  '[1:2:3:4:5:6:7:8]',
  'localhost',
  's0',
  'UPPER.example',
  'a-b.c',
];
const BAD_NAMES = [
  '',
  'a..b',
  '.a',
  'a.',
  'a/b',
  'a@b',
  'a?b',
  'a#b',
  'a b',
  'a:b',
  'a:',
  'a:123456',
  'a:65536',
  ':80',
  '[]',
  '[::1',
  '::1',
  '[:::1]',
  '[1:2:3]',
  '[1:2:3:4:5:6:7:8:9]',
  '[1::2::3]',
  '[12345::]',
  '[fe80::1%eth0]',
  '256.1.1.1',
  '1.2.3.4.',
  'exämple.org',
  'a_b.org',
  'a\n',
  'a\0b',
  `${'a'.repeat(64)}.`.repeat(4),
  'a'.repeat(256),
];

test('N081 server names are checked by the grammar before anything is resolved', () => {
  for (const name of GOOD_NAMES) assert.ok(isServerName(name), name);
  for (const name of BAD_NAMES) assert.ok(!isServerName(name), name);
  const unresolvable = [
    'xn--',
    'a'.repeat(64),
    '-a.org',
    'a-.org',
    'matrix.org:0',
    `${`${'a'.repeat(62)}.`.repeat(4)}ab`,
  ];
  for (const name of unresolvable) {
    const parsed = parseServerName(name);
    assert.ok(parsed !== undefined && !isResolvable(parsed), name);
  }
  for (const name of GOOD_NAMES) assert.ok(isResolvable(parseServerName(name)!), name);
});

test('server names are taken apart', () => {
  assert.deepEqual(parseServerName('matrix.org:8448'), { host: 'matrix.org', port: 8448, kind: 'dns' });
  assert.deepEqual(parseServerName('[::1]:80'), { host: '[::1]', port: 80, kind: 'ipv6' });
  assert.deepEqual(parseServerName('10.0.0.1'), { host: '10.0.0.1', port: undefined, kind: 'ipv4' });
});

test('user IDs of others are accepted by the historical grammar', () => {
  for (const id of ['@a:b', '@A B:b', '@:b', '@ü😀:b', '@a/b+c=:b:80', '@\u0001:b']) assert.ok(isUserId(id), id);
  for (const id of ['', 'a:b', '@a', '@a:', '@a\0:b', '@a:b c', '!a:b', '@a:b:c', '@\ud800:b', '@a:b:']) {
    assert.ok(!isUserId(id), id);
  }
  for (const id of ['@A B:b', '@:b', '@ü:b', '@\u007f:b']) assert.ok(isHistoricalUserId(id), id);
  for (const id of ['@a:b', '@A!:b', 'no']) assert.ok(!isHistoricalUserId(id), id);
});

test('the 255 limit counts bytes', () => {
  assert.ok(isUserId(`@${'a'.repeat(252)}:b`));
  assert.ok(!isUserId(`@${'a'.repeat(253)}:b`));
  assert.ok(isUserId(`@${'é'.repeat(126)}:b`));
  assert.ok(!isUserId(`@${'é'.repeat(127)}:b`));
  assert.ok(!isRoomAlias(`#${'😀'.repeat(64)}:b`));
});

test('new accounts have strict localparts', () => {
  const domain = 'one.example' as ServerName;
  for (const localpart of ['a', 'a.b_c=d-e/f+g', '0', 'x'.repeat(242)])
    assert.ok(isValidNewLocalpart(localpart, domain));
  for (const localpart of ['', 'A', 'ä', 'a b', 'a:b', 'a!', 'a\n', 'x'.repeat(243)]) {
    assert.ok(!isValidNewLocalpart(localpart, domain), localpart);
  }
});

test('room IDs, aliases and event IDs', () => {
  const hash = 'Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg';
  for (const id of ['!a:b', '!ü:b:80', `!${hash}`]) assert.ok(isRoomId(id), id);
  for (const id of ['!', '!a', 'a:b', '!a:', '!a\0:b', `!${hash}x`, `$${hash}`]) assert.ok(!isRoomId(id), id);
  for (const id of [`$${hash}`, '$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk', '$143:b']) assert.ok(isEventId(id), id);
  for (const id of ['$', '', 'a', '!a:b', '$a\0', `$${'a'.repeat(255)}`]) assert.ok(!isEventId(id), id);
  assert.ok(isRoomAlias('#ü room:b') && !isRoomAlias('#a') && !isRoomAlias('@a:b'));
});

test('a user ID is its localpart and domain', () => {
  const localparts = fc.string({ unit: 'binary', maxLength: 50 }).filter(text => !/[:\0]/.test(text));
  fc.assert(
    fc.property(localparts, fc.constantFrom(...GOOD_NAMES), (localpart, domain) => {
      const id = `@${localpart}:${domain}`;
      assert.deepEqual(parseUserId(id), { localpart, domain });
      assert.equal(domainOf(id as UserId), domain);
      assert.equal(localpartOf(id as UserId), localpart);
    }),
  );
});

test('no text makes the grammars throw or run away', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const check of [isUserId, isRoomId, isEventId, isServerName, isRoomAlias]) check(text);
    }),
  );
  const cost = cpuMilliseconds(() => {
    for (const text of [`@${':'.repeat(100_000)}`, '1.'.repeat(100_000), `[${':'.repeat(100_000)}]`]) {
      assert.ok(!isUserId(text) && !isServerName(text));
    }
  });
  assert.ok(cost < 2000, `${cost} ms`);
});
