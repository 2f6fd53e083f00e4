import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { pathsOf } from '../http/endpoint.ts';
import { REQUEST_ROLES } from '../http/role.ts';
import { isServedBy } from '../http/served-by.ts';
import { compose } from './compose.ts';
import { listEndpoints } from './list-endpoints.ts';

function settings(data: string, more: Partial<Config> = {}): Config {
  const from = { config: undefined, data: undefined, noColor: true };
  return { ...loadConfig({ data, name: 'one.example', port: '0' }, from), ...more };
}

/** What a server that runs with these settings answers. */
async function served(config: Config): Promise<readonly string[]> {
  let routes: readonly { readonly method: string; readonly path: string }[] = [];
  await using _ = await compose(config, {
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: undefined,
    version: 'test',
    listen: async server => {
      routes = server.routes.all;
      return 'http://one.example';
    },
  });
  return routes.map(({ method, path }) => `${method} ${path}`);
}

async function listed(config: Config): Promise<readonly string[]> {
  const endpoints = await listEndpoints(config);
  return endpoints.flatMap(endpoint => pathsOf(endpoint).map(path => `${endpoint.method} ${path}`));
}

test('the list is what a server with the same settings answers, and leaves nothing behind', async t => {
  const data = mkdtempSync(join(tmpdir(), 'copse-list-'));
  t.after(() => rmSync(data, { recursive: true }));
  const usual = settings(data);
  const other = settings(data, {
    federation: { ...usual.federation, enabled: false },
    listen: { ...usual.listen, admin: { enabled: true, host: '127.0.0.1', port: 0 } },
    registration: { ...usual.registration, mode: 'token' },
    public_base_url: 'https://one.example',
  });
  for (const config of [usual, other]) assert.deepEqual(await listed(config), await served(config));
  assert.notDeepEqual(await listed(usual), await listed(other));
  const nowhere = join(data, 'nowhere');
  await listEndpoints(settings(nowhere));
  assert.ok(!existsSync(nowhere));
});

test('the OAuth 2.0 API is there where browsers find the server, unless it is switched off', async () => {
  const found = settings('/nowhere', { public_base_url: 'https://one.example' });
  const paths = [
    'oauth/register',
    'oauth/token',
    'oauth/revoke',
    'oauth/device',
    'authorize',
    'link',
    'login',
    'account',
  ];
  const isThere = async (config: Config) => {
    const endpoints = await listEndpoints(config);
    return paths.map(path => endpoints.find(endpoint => endpoint.path === `/_copse/${path}`)?.role);
  };
  assert.deepEqual(new Set(await isThere(found)), new Set(['client']));
  for (const config of [settings('/nowhere'), { ...found, oauth: { enabled: false } }])
    assert.deepEqual(new Set(await isThere(config)), new Set([undefined]));
});

test('every endpoint has a role that answers it', async () => {
  const endpoints = await listEndpoints(settings('/nowhere'));
  for (const endpoint of endpoints) {
    assert.ok(REQUEST_ROLES.includes(endpoint.role), endpoint.path);
    assert.ok(isServedBy(new Set(REQUEST_ROLES), endpoint));
    assert.ok(!isServedBy(new Set(), endpoint));
  }
  const rolesAt = Map.groupBy(endpoints, endpoint => endpoint.path);
  for (const [path, at] of rolesAt) assert.equal(new Set(at.map(({ role }) => role)).size, 1, path);
  const roleOf = (path: string) => rolesAt.get(path)?.[0]?.role;
  assert.equal(roleOf('/_matrix/client/v3/login'), 'client');
  assert.equal(roleOf('/_matrix/client/v3/sync'), 'sync');
  assert.equal(roleOf('/_matrix/media/v3/upload'), 'media');
  assert.equal(roleOf('/_matrix/federation/v1/send/:txnId'), 'federation-in');
  assert.equal(roleOf('/_matrix/federation/v1/media/download/:mediaId'), 'media');
});

test('whoever waits for news does not wait where others write', async () => {
  const endpoints = await listEndpoints(settings('/nowhere'));
  // What lies in a room, or waits for a device that nobody uses, is told at once.
  const waiting = endpoints.filter(
    ({ path }) => /\/(sync|events|initialSync)$/.test(path) && !/\/(rooms|dehydrated_device)\//.test(path),
  );
  assert.ok(waiting.length >= 4);
  for (const { path, role } of waiting) assert.ok(role === 'sync' || role === 'initial-sync', path);
  const typing = endpoints.find(({ path }) => path.includes('/typing/'));
  assert.equal(typing?.role, 'client', 'it is by its room');
});

test('the first sync is answered by two roles', async () => {
  const endpoints = await listEndpoints(settings('/nowhere'));
  for (const path of ['v3/sync', 'unstable/org.matrix.simplified_msc3575/sync']) {
    const sync = endpoints.find(endpoint => endpoint.path === `/_matrix/client/${path}`) ?? assert.fail();
    const answeredBy = REQUEST_ROLES.filter(role => isServedBy(new Set([role]), sync));
    assert.deepEqual(answeredBy, ['sync', 'initial-sync'], path);
  }
  const first = endpoints.find(({ path }) => path === '/_matrix/client/v3/initialSync') ?? assert.fail();
  assert.deepEqual(
    REQUEST_ROLES.filter(role => isServedBy(new Set([role]), first)),
    ['sync', 'initial-sync'],
    'where no process has the role, sync stands in',
  );
});
