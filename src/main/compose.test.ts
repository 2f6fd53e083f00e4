import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { type Log, silentLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { compose } from './compose.ts';
import { askControl } from './control.ts';
import { firstStartText } from './first-start.ts';

function configFor(t: TestContext, name: string, depth = 1): Config {
  const base = mkdtempSync(join(tmpdir(), 'copse-compose-'));
  t.after(() => rmSync(base, { recursive: true }));
  const data = join(base, ...Array.from({ length: depth }, () => 'a-long-folder-name-to-see-what-happens'));
  const config = loadConfig({ data, name, port: '0' }, { config: undefined, data: undefined, noColor: true });
  return { ...config, metrics: { ...config.metrics, port: 0 }, password_hashing: { memory: 65_536, passes: 1 } };
}

function start(config: Config, log: Log = silentLog) {
  return compose(config, { clock: systemClock, random: systemRandom, log, metrics: new Metrics(), version: '9.9.9' });
}

test('a server starts, says where it is in ten lines, answers, tells its status and stops', async t => {
  const config = configFor(t, 'example.org');
  {
    await using running = await start(config);
    assert.equal(running.firstStart, true);
    const text = await firstStartText(running, config);
    assert.equal(text.split('\n').length, 10);
    assert.match(text, /copse user add NAME --admin/);
    const [link = ''] = /http\S+invitation=\S+/.exec(text) ?? [];
    assert.equal((await fetch(link)).status, 200);
    const url = running.listeners[0]?.url ?? '';
    assert.match(await (await fetch(url)).text(), /example\.org/);
    const metrics = running.listeners.find(listener => listener.name === 'metrics')?.url ?? '';
    const figures = await (await fetch(metrics)).text();
    assert.match(figures, /copse_http_request_seconds_count\{route="\/",method="GET",status="2xx"\} 1/);
    assert.match(figures, /copse_memory_account_limit_bytes\{account="events"\} [1-9]\d{6}/);
    const status = await askControl(config.data_dir);
    assert.equal(status?.version, '9.9.9');
    assert.equal(status?.users, 0);
    assert.ok((status?.database.bytes ?? 0) > 4096);
    assert.equal(status?.memory.caches.limit, 40 * 2 ** 20);
    assert.ok((status?.memory.accounts.length ?? 0) > 20);
  }
  assert.equal(await askControl(config.data_dir), undefined);
});

test('a server does not start on the database of another one', async t => {
  const [ours, others] = [configFor(t, 'example.org'), configFor(t, 'other.org')];
  for (const config of [ours, others]) await (await start(config))[Symbol.asyncDispose]();
  copyFileSync(join(others.data_dir, 'copse.db'), join(ours.data_dir, 'copse.db'));
  await assert.rejects(start(ours), /The database belongs to the server other\.org/);
});

test('the first administrator comes in by the link, and then there is no link any more', async t => {
  const config = configFor(t, 'example.org');
  await using running = await start(config);
  const link = (await running.firstAdministratorLink()) ?? '';
  const invitation = new URL(link).searchParams.get('invitation') ?? '';
  const body = new URLSearchParams({ invitation, name: 'alice', password: 'a long password' });
  assert.equal((await fetch(link.split('?')[0] ?? '', { method: 'POST', body })).status, 200);
  assert.equal(await running.firstAdministratorLink(), undefined);
  assert.equal((await running.status()).users, 1);
});

test('two servers in one process live side by side, also in folders with long names', async t => {
  const [one, two] = [configFor(t, 'one.org'), configFor(t, 'two.org', 4)];
  await using first = await start(one);
  await using second = await start(two);
  assert.notEqual(first.listeners[0]?.url, second.listeners[0]?.url);
  assert.equal((await askControl(two.data_dir))?.serverName, 'two.org');
});

test('a second server on the same folder is refused, and the first one is none the worse', async t => {
  const config = configFor(t, 'example.org');
  await using running = await start(config);
  await assert.rejects(start(config), /already running/);
  assert.equal((await running.status()).serverName, 'example.org');
});

test('a port that is taken stops the start with a remedy and leaves nothing open', async t => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => other.once('listening', resolve));
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const config = configFor(t, 'example.org');
  const taken = { ...config, listen: { ...config.listen, client: { host: '127.0.0.1', port } } };
  await assert.rejects(start(taken), /Another program listens.*--port/);
  await using running = await start(config);
  assert.equal(running.firstStart, false);
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: message => warnings.push(message), child: () => log };
  const second = configFor(t, 'other.org');
  await using withoutMetrics = await start({ ...second, metrics: { ...second.metrics, port } }, log);
  assert.equal(
    withoutMetrics.listeners.some(listener => listener.name === 'metrics'),
    false,
  );
  assert.match(warnings.join(), /Metrics are not served.*metrics\.port/);
});
