import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askRaw } from '../../test/support/raw-path.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import { compose } from './compose.ts';

const ORIGIN = { origin: 'https://evil.example' };

/** A whole server with a listener of its own for servers and one for metrics: their URLs by name. */
async function listenersOf(t: TestContext, ownAdmin = false): Promise<Readonly<Record<string, string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'copse-paths-'));
  const config = loadConfig(
    { data: join(folder, 'data'), name: 'one.example', port: '0' },
    { config: undefined, data: undefined, noColor: true },
  );
  const { listen, metrics } = config;
  const running = await compose(
    {
      ...config,
      listen: {
        ...listen,
        federation: { ...listen.federation, enabled: true, host: '127.0.0.1', port: 0 },
        admin: { ...listen.admin, enabled: ownAdmin, port: 0 },
      },
      metrics: { ...metrics, port: 0 },
    },
    { clock: systemClock, random: systemRandom, log: silentLog, metrics: new Metrics(), version: 'test' },
  );
  t.after(async () => {
    await running[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  return Object.fromEntries(running.listeners.map(({ name, url }) => [name, new URL(url).origin]));
}

const ADMIN = '/_synapse/admin/v1/server_version';

/** Ways to write a path that a proxy in front might read differently. */
function disguises(path: string): string[] {
  const [, first = '', ...rest] = path.split('/');
  const tail = rest.join('/');
  return [
    `/_matrix/client/v3/../../..${path}`,
    `/_matrix/client/v3/%2e%2e/%2e%2e/%2e%2e${path}`,
    `/_matrix/..%2f..${path}`,
    `/.${path}`,
    `/${path}`,
    `/${first}//${tail}`,
    `/${first}/./${tail}`,
    `/${first};x/${tail}`,
    `${path};x`,
    `${path}/`,
    `${path}%20`,
    `${path}%00`,
    `${path}%2f`,
    path.replaceAll('/', '%2f').replace('%2f', '/'),
    path.replaceAll('/', '\\').replace('\\', '/'),
    path.toUpperCase(),
    `http://other.example${path}x`,
  ];
}

test('N171 a path is what its bytes say: nothing is tidied up, decoded or forgiven', async t => {
  const { clients = '' } = await listenersOf(t);
  for (const path of [ADMIN, '/_matrix/client/versions', '/_copse/welcome']) {
    const plain = await askRaw(clients, path);
    assert.ok([200, 401, 403].includes(plain.status), `${path}: ${plain.status}`);
    for (const disguise of disguises(path)) {
      const { status, text } = await askRaw(clients, disguise);
      assert.equal(status, 404, `${disguise}: ${text}`);
      assert.equal(JSON.parse(text).errcode, 'M_UNRECOGNIZED', disguise);
    }
  }
});

test('N171 an escape in a path is decoded once, within its part', async t => {
  const { clients = '' } = await listenersOf(t);
  const profile = (user: string) => askRaw(clients, `/_matrix/client/v3/profile/${user}`);
  assert.equal(JSON.parse((await profile('%40alice%3Aone.example')).text).errcode, 'M_NOT_FOUND');
  // Decoded twice this would be a user; it is none.
  assert.notEqual((await profile('%2540alice%253Aone.example')).status, 200);
  // An escaped slash parts nothing: this is an odd user ID, not a field of a profile.
  assert.equal(JSON.parse((await profile('@alice:one.example%2fdisplayname')).text).errcode, 'M_INVALID_PARAM');
  for (const broken of ['%', '%zz', '%c3%28', '%ff']) {
    const { status, text, headers } = await profile(broken);
    assert.equal(headers['access-control-allow-origin'], '*', 'a page may read why');
    assert.ok(status === 400 || status === 404, `${broken}: ${status}`);
    assert.match(text, /"errcode":"M_/);
  }
});

test('N172 administration and clients are not served where other servers come in', async t => {
  const { servers = '' } = await listenersOf(t);
  assert.equal((await askRaw(servers, '/_matrix/federation/v1/version')).status, 200);
  for (const path of [ADMIN, '/_matrix/client/versions', '/_copse/welcome', '/metrics', '/']) {
    assert.equal((await askRaw(servers, path)).status, 404, path);
  }
});

test('N172 administration that has a listener of its own is served there alone', async t => {
  const { clients = '', servers = '', administration = '' } = await listenersOf(t, true);
  assert.equal((await askRaw(administration, '/_synapse/admin/v2/users')).status, 401);
  assert.equal((await askRaw(administration, '/_matrix/client/versions')).status, 404);
  assert.equal((await askRaw(clients, '/_matrix/client/versions')).status, 200);
  for (const base of [clients, servers]) {
    for (const path of ['/_synapse/admin/v2/users', ADMIN, '/_synapse/admin/v1/register']) {
      const { status, text } = await askRaw(base, path);
      assert.deepEqual([status, JSON.parse(text).errcode], [404, 'M_UNRECOGNIZED'], path);
    }
  }
});

test('N170 figures are at one address, and nothing else is on their listener', async t => {
  const { metrics = '' } = await listenersOf(t);
  assert.equal((await askRaw(metrics, '/metrics')).status, 200);
  for (const path of ['/metrics/', '/metrics/x', '/metrics?x', '//metrics', '/metrics%2f', '/METRICS', '/', ADMIN]) {
    const { status, text } = await askRaw(metrics, path);
    assert.deepEqual([status, text.includes('# HELP')], [404, false], path);
  }
});

test('N169 no page of another origin gets to act with what a browser holds', async t => {
  const { clients = '' } = await listenersOf(t);
  for (const path of ['/_matrix/client/versions', ADMIN, '/_copse/welcome', '/', '/nowhere']) {
    for (const method of ['GET', 'OPTIONS']) {
      const asked = { method, headers: { ...ORIGIN, 'access-control-request-method': 'PUT' } };
      const { headers } = await askRaw(clients, path, asked);
      assert.equal(headers['access-control-allow-credentials'], undefined, path);
      assert.equal(headers['set-cookie'], undefined, path);
      assert.notEqual(headers['access-control-allow-origin'], ORIGIN.origin, path);
    }
  }
  for (const path of ['/_copse/welcome', '/']) {
    assert.equal((await askRaw(clients, path, { headers: ORIGIN })).headers['access-control-allow-origin'], undefined);
  }
});

test('N139 who has no session gets no way through the firewall', async t => {
  const { clients = '' } = await listenersOf(t);
  const path = '/_matrix/client/v3/voip/turnServer';
  for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: 'Basic eDp4' }]) {
    const { status, text } = await askRaw(clients, path, { headers: headers as Record<string, string> });
    assert.deepEqual([status, text.includes('uris')], [401, false]);
  }
});
