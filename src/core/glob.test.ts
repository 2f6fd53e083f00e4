import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import { compileGlob, globMatches } from './glob.ts';
import type { JsonObject } from './json.ts';
import { compileServerAcl, OPEN_ACL } from './server-acl.ts';

test('stars take anything, question marks one character', () => {
  const yes: [string, string][] = [
    ['', ''],
    ['*', ''],
    ['*', 'abc'],
    ['**', 'x'],
    ['a*', 'a'],
    ['*c', 'abc'],
    ['a*c', 'abbc'],
    ['a?c', 'abc'],
    ['?', '😀'],
    ['*.evil.com', 'a.evil.com'],
    ['a.b', 'a.b'],
    ['*a*b*', 'xaxbx'],
    ['a**b', 'ab'],
  ];
  const no: [string, string][] = [
    ['', 'a'],
    ['a', ''],
    ['?', ''],
    ['?', 'ab'],
    ['a*', 'ba'],
    ['*.evil.com', 'evil.com'],
    ['a.b', 'axb'],
    ['a*b', 'abc'],
    ['[ab]', 'a'],
    ['A', 'a'],
    ['\\*', 'x'],
  ];
  for (const [pattern, text] of yes) assert.ok(globMatches(pattern, text), `${pattern} ${text}`);
  for (const [pattern, text] of no) assert.ok(!globMatches(pattern, text), `${pattern} ${text}`);
  assert.ok(globMatches('A*É', 'axé', { ignoreCase: true }));
});

test('globs match what the same regular expression matches', () => {
  const alphabet = fc.constantFrom('a', 'b', '.', '*', '?', '(');
  const patterns = fc.array(alphabet, { maxLength: 8 }).map(parts => parts.join(''));
  const texts = fc.array(fc.constantFrom('a', 'b', '.', '('), { maxLength: 8 }).map(parts => parts.join(''));
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const source = pattern.replace(/[.(]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
      assert.equal(globMatches(pattern, text), new RegExp(`^${source}$`).test(text), `${pattern} ${text}`);
    }),
    { numRuns: 3000 },
  );
});

test('N094 patterns made to blow up a matcher take no time', () => {
  const long = 'a'.repeat(255);
  const cost = cpuMilliseconds(() => {
    assert.ok(!globMatches(`${'*a'.repeat(100)}*b`, long));
    assert.ok(!globMatches(`${'a*'.repeat(5000)}b`, long));
    assert.ok(!globMatches(`${'*'.repeat(60_000)}b`, long));
    assert.ok(!globMatches(`${'?'.repeat(60_000)}`, long));
    assert.ok(!globMatches(`*${'?*'.repeat(120)}b`, long));
  });
  assert.ok(cost < 2000, `${cost} ms`);
});

test('N094 an ACL of 50,000 globs is compiled and asked in bounded time', () => {
  const names = Array.from({ length: 50_000 }, (_, i) => (i % 5 === 0 ? `*.spam${i}.example` : `spam${i}.example`));
  const cost = cpuMilliseconds(() => {
    const acl = compileServerAcl({ allow: ['*'], deny: names });
    for (let i = 0; i < 100; i++) assert.ok(acl.allows('good.example'));
    assert.ok(!acl.allows('spam1.example') && !acl.allows('a.spam5.example'));
  });
  assert.ok(cost < 3000, `${cost} ms`);
});

function allows(content: JsonObject, server: string): boolean {
  return compileServerAcl(content).allows(server);
}

test('server ACLs: deny wins, then allow, otherwise no', () => {
  const acl = { allow: ['*.example', 'Good.org'], deny: ['evil.*', '*.BAD.example', 'exact.example'] };
  for (const server of ['a.example', 'good.org', 'GOOD.ORG:8448', 'a.b.example:1'])
    assert.ok(allows(acl, server), server);
  for (const server of [
    'evil.example',
    'evil.org:80',
    'x.bad.example',
    'exact.example',
    'EXACT.example',
    'other.net',
    'example',
  ]) {
    assert.ok(!allows(acl, server), server);
  }
  assert.ok(OPEN_ACL.allows('any.example'));
});

test('server ACLs: address literals can be shut out, the port does not count', () => {
  for (const server of ['1.2.3.4', '1.2.3.4:80', '[::1]', '[::1]:80']) {
    assert.ok(allows({ allow: ['*'] }, server));
    assert.ok(allows({ allow: ['*'], allow_ip_literals: 'no' }, server));
    assert.ok(!allows({ allow: ['*'], allow_ip_literals: false }, server));
  }
  assert.ok(!allows({ allow: ['*'], deny: ['[::1]'] }, '[::1]:8448'));
  assert.ok(allows({ allow: ['*'], deny: ['evil.com:8448'] }, 'evil.com:8448'));
});

test('server ACLs: misshapen content lets nobody in, misshapen entries count for nothing', () => {
  for (const content of [{}, { allow: 'x' }, { allow: null }, { allow: [1, null, {}] }] as JsonObject[]) {
    assert.ok(!allows(content, 'a.example'));
  }
  assert.ok(allows({ allow: ['*', 1], deny: [null, {}] }, 'a.example'));
  for (const server of ['', 'a b', 'a/b', 'a..b']) assert.ok(!allows({ allow: ['*'] }, server));
});

test('a compiled glob can be used again and again', () => {
  const glob = compileGlob('a*b');
  for (let i = 0; i < 3; i++) assert.ok(glob('axxb') && !glob('axxc'));
});
