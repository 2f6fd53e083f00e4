import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { AcmeServer } from '../../test/support/acme-server.ts';
import { eventually } from '../../test/support/bus.ts';
import { freePort } from '../../test/support/free-port.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { statusText } from '../cli/status-text.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { compose } from './compose.ts';
import { TlsFileError } from './tls-files.ts';

const NAME = 'copse.example';

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
