import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST_ROLES, type RequestRole } from '../http/role.ts';
import type { Route } from './route.ts';
import { roleOf, rulesFor } from './rules.ts';

const ALL: ReadonlySet<RequestRole> = new Set(REQUEST_ROLES);

function route(path: string, role: RequestRole, more: Partial<Route> = {}): Route {
  return { path, role, routedBy: 'any', bodyLimit: 1, ...more };
}

const sync = route('/_matrix/client/v3/sync', 'sync', { without: { parameter: 'since', role: 'initial-sync' } });
const download = route('/_matrix/media/v3/download/:serverName/:mediaId', 'media');
const echo = route('/_matrix/federation/v1/doctor/echo/*', 'federation-in');
const login = route('/_matrix/client/v3/login', 'client');

/** Where targets go. */
function roles(routes: readonly Route[], targets: readonly string[], present = ALL): RequestRole[] {
  const rules = rulesFor(routes, present);
  return targets.map(target => roleOf(rules, target));
}

test('what fits no template exactly goes to those who say that it is unknown', () => {
  const strange = [
    '/',
    '/_matrix/client/v3/sync/',
    '/_matrix/client/v3/sync/../login',
    '/_matrix//client/v3/sync',
    '/_matrix/client/v3/%73ync',
    '/_matrix/client/v4/sync',
    '/x/_matrix/client/v3/sync',
    '/_matrix/media/v3/download/a',
    '/_matrix/media/v3/download/a/b/c',
    '/other?/_matrix/client/v3/sync',
    '*',
  ];
  assert.deepEqual(new Set(roles([sync, download, echo, login], strange)), new Set(['client']));
});

test('a name may hold whatever is encoded, and a query follows', () => {
  const targets = [
    '/_matrix/media/v3/download/a.example/b',
    '/_matrix/media/v3/download/a%2Fb%2fc/%3F?allow_remote=true/false',
    '/_matrix/media/v3/download//',
    '/_matrix/media/v3/download/ä/+',
    '/_matrix/federation/v1/doctor/echo/a/b//c',
  ];
  assert.deepEqual(roles([sync, download, echo, login], targets), [
    'media',
    'media',
    'media',
    'media',
    'federation-in',
  ]);
});

test('a sync without a position is the first one of a device', () => {
  const first = ['', '?timeout=0', '?since=', '?since=&timeout=0', '?nosince=1', '?x=since'].map(
    at => `${sync.path}${at}`,
  );
  const later = ['?since=1', '?timeout=0&since=1'].map(at => `${sync.path}${at}`);
  assert.deepEqual(new Set(roles([sync], first)), new Set(['initial-sync']));
  assert.deepEqual(new Set(roles([sync], later)), new Set(['sync']));
});

test('where nobody has the role for first syncs, sync answers them', () => {
  const present = new Set<RequestRole>(['client', 'sync']);
  const initial = route('/_matrix/client/v3/initialSync', 'initial-sync');
  assert.deepEqual(roles([sync, initial], [sync.path, `${sync.path}?since=1`, initial.path], present), [
    'sync',
    'sync',
    'sync',
  ]);
});

test('a literal is not taken for a parameter of another role', () => {
  const wide = route('/_matrix/client/v3/:area/:name', 'media');
  const narrow = route('/_matrix/client/v3/rooms/:roomId', 'client');
  const rest = route('/_matrix/client/*', 'sync');
  const targets = [
    '/_matrix/client/v3/rooms/!a',
    '/_matrix/client/v3/other/!a',
    '/_matrix/client/v3/other/!a/b',
    login.path,
  ];
  for (const routes of [
    [wide, narrow, rest, login],
    [login, rest, narrow, wide],
  ])
    assert.deepEqual(roles(routes, targets), ['client', 'media', 'sync', 'client']);
});
