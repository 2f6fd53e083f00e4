import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { AcmeServer } from '../../test/support/acme-server.ts';
import { eventually } from '../../test/support/bus.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { freePort } from '../../test/support/free-port.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { statusText } from '../cli/status-text.ts';
import { type Leases, SoleLeases } from '../cluster/leases.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { HttpParts } from '../http/server.ts';
import { compose } from './compose.ts';
import { composeAcme } from './compose-acme.ts';
import { TlsFileError } from './tls-files.ts';

const NAME = 'copse.example';

/** Of a process that does no work. */
const IDLE: Leases = { hold: async () => {}, holds: () => false, renew: () => {}, workers: async () => undefined };

/** Whatever is done by and by is done soon. */
const HASTY: Clock = { ...systemClock, after: (ms, run) => systemClock.after(Math.min(ms, 50), run) };

function start(
  t: TestContext,
  acme: Partial<Config['tls']['acme']>,
  more: (config: Config) => Partial<Config> = () => ({}),
) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-acme-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const from = { config: undefined, data: undefined, noColor: true };
  const config = loadConfig({ data: join(folder, 'data'), name: NAME, port: '0' }, from);
  const federation = { enabled: true, host: '127.0.0.1', port: 0 };
  const settings: Config = {
    ...config,
    listen: { ...config.listen, federation },
    tls: { ...config.tls, acme: { ...config.tls.acme, enabled: true, host: '127.0.0.1', ...acme } },
    metrics: { ...config.metrics, enabled: false },
  };
  const environment = { clock: HASTY, random: systemRandom, log: silentLog, metrics: undefined, version: '1.2.3' };
  return compose({ ...settings, ...more(settings) }, environment);
}

/** Whether somebody who trusts that authority alone trusts the listener. */
async function isTrusted(url: string, authority: AcmeServer): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const ca = authority.authority.certificate;
  const socket = connect({ host: hostname, port: Number(port), servername: NAME, ca, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.destroy();
  return socket.authorized;
}

test('the listener for servers takes the certificate that an authority issues, without a restart', async t => {
  await using authority = await new AcmeServer().start();
  authority.now = () => Date.now();
  const port = await freePort();
  authority.challengePort = port;
  await using running = await start(t, { directory: `${authority.url}/directory`, port });
  const url = running.listeners.find(({ name }) => name === 'servers')?.url ?? assert.fail('no such listener');
  await eventually(() => authority.issued === 1);
  // The listener has the new certificate.
  await eventually(() => isTrusted(url, authority));
  assert.match(statusText(await running.status()), /certificate +copse\.example: good until 20\d\d-\d\d-\d\d\n/);
  assert.deepEqual(
    authority.orders.map(({ names }) => names),
    [[NAME]],
  );
});

test('a proxy may pass the questions of the authority on to the listener for clients', async t => {
  await using authority = await new AcmeServer().start();
  authority.now = () => Date.now();
  await using running = await start(t, { directory: `${authority.url}/directory`, port: 0 });
  authority.challengePort = Number(new URL(running.listeners[0]?.url ?? '').port);
  await eventually(() => authority.issued === 1);
});

onEachDatabase('of several processes one asks, any answers the authority, and all have the certificate', async db => {
  await using authority = await new AcmeServer().start();
  authority.now = () => Date.now();
  await using opened = new AsyncDisposableStack();
  const root = mkdtempSync(join(tmpdir(), 'copse-acme-'));
  opened.defer(() => rmSync(root, { recursive: true }));
  const config = loadConfig(
    { data: root, name: NAME, port: '0' },
    { config: undefined, data: undefined, noColor: true },
  );
  const port = await freePort();
  const acme = { ...config.tls.acme, directory: `${authority.url}/directory`, host: '127.0.0.1', port };
  const shared: Config = {
    ...config,
    cluster: { ...config.cluster, bus: 'nats://127.0.0.1:1' },
    tls: { ...config.tls, acme },
  };
  authority.challengePort = port;
  const process = async (name: string, leases: Leases) => {
    const path = join(root, name);
    mkdirSync(path);
    const secrets = { token_secret: 'secret', registration_shared_secret: '', fingerprint_key: '' };
    const http = { log: silentLog, trustedProxies: [] } as unknown as HttpParts;
    const common = { clock: HASTY, random: systemRandom, log: silentLog, serverName: NAME as ServerName, http };
    return opened.use(await composeAcme(shared, { ...common, db, leases, folder: { path, secrets } }));
  };
  // The first answers for all of this machine, and the second asks.
  const idle = await process('idle', IDLE);
  const asking = await process('asking', new SoleLeases());
  assert.deepEqual([idle.listeners.length, asking.listeners.length], [1, 0]);
  for (const each of [idle, asking]) each.start();
  await eventually(() => authority.issued === 1 && idle.status().until !== undefined);
  assert.deepEqual(idle.status(), asking.status());
  const chain = (name: string) => readFileSync(join(root, name, 'acme', 'certificate.pem'), 'utf8');
  assert.equal(chain('idle'), chain('asking'));
});

test('settings that do not go together are refused with a remedy', async t => {
  const files = (config: Config) => ({
    listen: { ...config.listen, federation: { ...config.listen.federation, certificate: 'a.pem', key: 'b.pem' } },
  });
  const none = (config: Config) => ({
    listen: { ...config.listen, federation: { ...config.listen.federation, enabled: false } },
  });
  for (const more of [files, none])
    await assert.rejects(
      start(t, {}, more),
      (error: Error) => error instanceof TlsFileError && /tls\.acme/.test(error.message),
    );
});
