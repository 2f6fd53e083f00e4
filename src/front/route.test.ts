import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint } from '../http/endpoint.ts';
import type { RequestRole } from '../http/role.ts';
import { servedBy } from '../http/served-by.ts';
import { patternsOf, treatmentsOf } from './limits.ts';
import { hasHttp2Line, parseNginxVersion } from './nginx-version.ts';
import { roomPrefix, routesOf } from './route.ts';
import { fileWord, sizeWord } from './text.ts';

const MIB = 1024 * 1024;

function at(method: 'GET' | 'PUT', path: string, more: { bodyLimit?: number; alsoAt?: string[] } = {}) {
  return endpoint({ method, path, auth: 'none', handle: async () => ({}), ...more });
}

test('a path with two roles is refused, since nobody in front looks at methods', () => {
  const both = [...servedBy('client', [at('GET', '/a')]), ...servedBy('media', [at('PUT', '/a')])];
  assert.throws(() => routesOf(both), /client and to media/);
});

test('a path has the largest limit of its methods, and every way to write it is a path', () => {
  const path = '/_matrix/client/v3/keys';
  const endpoints = [at('PUT', path, { bodyLimit: 5 * MIB, alsoAt: ['/other'] }), at('GET', path)];
  const routes = routesOf(servedBy('client', endpoints));
  assert.deepEqual(
    routes.map(route => [route.path, route.bodyLimit]),
    [
      [path, 5 * MIB],
      ['/_matrix/client/r0/keys', 5 * MIB],
      ['/other', 5 * MIB],
    ],
  );
});

test('a room decides where it is the first thing that varies', () => {
  const by = (role: RequestRole, path: string) => routesOf(servedBy(role, [at('GET', path)]))[0]?.routedBy;
  assert.equal(by('client', '/rooms/:roomId/state'), 'room');
  assert.equal(by('client', '/join/:roomIdOrAlias'), 'room');
  assert.equal(by('client', '/user/:userId/rooms/:roomId/tags'), 'user');
  assert.equal(by('client', '/login'), 'user');
  assert.equal(by('sync', '/rooms/:roomId/state'), 'user');
  assert.equal(by('media', '/rooms/:roomId/state'), 'any');
  assert.equal(by('federation-in', '/rooms/:roomId/state'), 'origin');
  assert.equal(roomPrefix('/rooms/:roomId/state'), '/rooms/');
  assert.equal(roomPrefix('/rooms/:roomIds'), undefined);
});

test('paths that are treated alike are one pattern, as long as a word may be', () => {
  const many = Array.from({ length: 200 }, (_, n) =>
    at('PUT', `/a/path/that/is/rather/long/${n}`, { bodyLimit: 2 * MIB }),
  );
  const [treatment, ...others] = treatmentsOf(routesOf(servedBy('client', [...many, at('GET', '/usual')])));
  assert.deepEqual([treatment?.paths.length, treatment?.bodyLimit, others], [200, 2 * MIB, []]);
  const patterns = patternsOf(treatment?.paths ?? [], '.*');
  assert.ok(patterns.length > 1 && patterns.every(pattern => pattern.length < 4096));
  for (const { path } of many) assert.equal(patterns.filter(pattern => new RegExp(pattern).test(path)).length, 1, path);
  assert.ok(!patterns.some(pattern => new RegExp(pattern).test('/usual')));
});

test('sizes, file names and versions as the programs write them', () => {
  assert.deepEqual([50 * MIB, 1536, 1000].map(sizeWord), ['50m', '1536', '1000']);
  assert.equal(sizeWord(3 * 1024), '3k');
  assert.equal(fileWord('/etc/letsencrypt/live/a.example/key.pem'), '/etc/letsencrypt/live/a.example/key.pem');
  assert.equal(fileWord('/my files/key.pem'), '"/my files/key.pem"');
  for (const bad of ['/a;b', '/a"b', '/a\nb', '/$a', '/a{b', "/a'b", '/a\\b', '/a#b'])
    assert.throws(() => fileWord(bad), /characters in it/, bad);
  assert.deepEqual(parseNginxVersion('nginx version: nginx/1.22.1\n'), [1, 22]);
  assert.equal(parseNginxVersion(''), undefined);
  assert.deepEqual([[1, 22] as const, [1, 25] as const, [1, 26] as const, [2, 0] as const].map(hasHttp2Line), [
    false,
    false,
    true,
    true,
  ]);
});
