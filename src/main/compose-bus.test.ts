import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { TestAuthority } from '../../test/support/certificates.ts';
import { skipWithoutNats, TestNats } from '../../test/support/nats.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { systemRandom } from '../base/random.ts';
import { LocalBus } from '../bus/bus.ts';
import type { ServerName } from '../core/ids.ts';
import { openBus, watchOthers } from './compose-bus.ts';
import { TlsFileError } from './tls-files.ts';

const options = { skip: skipWithoutNats, timeout: 120_000 };
const serverName = 'one.example' as ServerName;
const environment = { clock: systemClock, random: systemRandom, log: silentLog, metrics: undefined };

/** Certificates in files: of a server, of a client, and of the authority that both come from. */
function certificateFolder(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-bus-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = new TestAuthority();
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const issue = (name: string, names: readonly string[]) => {
    const { certificate, key } = authority.issue({ names });
    return { certificate: write(`${name}.pem`, certificate), key: write(`${name}.key`, key) };
  };
  return {
    authority: write('authority.pem', authority.certificate),
    server: issue('server', ['127.0.0.1']),
    client: issue('client', ['copse']),
  };
}

test('without a URL the bus is that of a single process, and no library is loaded', async () => {
  await using open = await openBus({ cluster: {}, tls: { extra_ca: [] } }, serverName, environment);
  assert.ok(open.bus instanceof LocalBus);
  assert.equal(open.status(), undefined);
});

test('a bus with TLS trusts the authorities of the settings, and shows its certificate', options, async t => {
  const { authority, server, client } = certificateFolder(t);
  const flags = [
    '--tls',
    '--tlscert',
    server.certificate,
    '--tlskey',
    server.key,
    '--tlsverify',
    '--tlscacert',
    authority,
  ];
  await using nats = await TestNats.start(...flags);
  const bus = `tls://127.0.0.1:${nats.port}`;
  const own = { bus_certificate: client.certificate, bus_key: client.key };
  const metrics = new Metrics();
  const settings = { cluster: { bus, ...own }, tls: { extra_ca: [authority] } };
  await using trusted = await openBus(settings, serverName, { ...environment, metrics });
  assert.equal(trusted.status()?.problem, undefined);
  assert.equal(trusted.status()?.isConnected, true);
  assert.match(await metrics.text(), /copse_bus_connected 1/);
  await using unknown = await openBus({ cluster: { bus }, tls: { extra_ca: [authority] } }, serverName, environment);
  assert.equal(unknown.status()?.isConnected, false, 'the server wants a certificate of the client');
  await using careful = await openBus({ cluster: { bus, ...own }, tls: { extra_ca: [] } }, serverName, environment);
  assert.match(careful.status()?.problem ?? '', /certificate/);
  await assert.rejects(
    openBus({ cluster: { bus, bus_key: client.key }, tls: { extra_ca: [] } }, serverName, environment),
    TlsFileError,
  );
});

test('a bus that insists on TLS does not speak to a server without it', options, async () => {
  await using nats = await TestNats.start();
  const settings = { cluster: { bus: `tls://127.0.0.1:${nats.port}` }, tls: { extra_ca: [] } };
  await using open = await openBus(settings, serverName, environment);
  assert.match(open.status()?.problem ?? '', /tls/);
});

test('the processes that live are counted, also after the database did not say', async () => {
  const clock = new TestClock();
  const expected: number[] = [];
  const answers = [
    async () => 3,
    async () => Promise.reject(new Error('on purpose')),
    async () => undefined,
    async () => 2,
  ];
  const bus = { expectOthers: (count: number) => expected.push(count) };
  const watching = watchOthers(bus, () => (answers.shift() ?? (async () => 1))(), { clock, log: silentLog });
  for (let look = 0; look < 4; look++) {
    await new Promise(resolve => setImmediate(resolve));
    clock.advance(10_000);
  }
  await watching[Symbol.asyncDispose]();
  assert.deepEqual(expected, [2, 0, 1, 0]);
});
