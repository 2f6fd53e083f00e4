import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Certified, TestAuthority } from '../../test/support/certificates.ts';
import { testClient } from '../../test/support/federation.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Log, silentLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { encodeBase64 } from '../core/base64.ts';
import type { ServerName } from '../core/ids.ts';
import { getObject, isObject, type Json } from '../core/json.ts';
import { readServerKeys } from '../core/server-keys.ts';
import { compose } from './compose.ts';
import { readOldKeys } from './old-keys.ts';
import { certificateFiles, followCertificate, readAuthorities, TlsFileError } from './tls-files.ts';

const NAME = 'copse.example' as ServerName;

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'copse-fed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function writeCertificate(folder: string, { certificate, key }: Certified) {
  const files = { certificate: join(folder, 'chain.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key);
  return files;
}

function start(
  folder: string,
  more: (config: Config) => Partial<Config>,
  clock: Clock = systemClock,
  log: Log = silentLog,
) {
  const from = { config: undefined, data: undefined, noColor: true };
  const config = loadConfig({ data: join(folder, 'data'), name: NAME, port: '0' }, from);
  return compose(
    { ...config, metrics: { ...config.metrics, enabled: false }, ...more(config) },
    { clock, random: systemRandom, log, metrics: new Metrics(), version: '1.2.3' },
  );
}

function listening(files: { certificate?: string; key?: string }) {
  return (config: Config): Partial<Config> => ({
    listen: { ...config.listen, federation: { enabled: true, host: '127.0.0.1', port: 0, ...files } },
    well_known: { ...config.well_known, server: `${NAME}:443` },
  });
}

/** A clock whose timers are run by hand. */
function handClock() {
  const due: (() => void)[] = [];
  const after = (_ms: number, run: () => void) => {
    due.push(run);
    return { cancel: () => void due.splice(due.indexOf(run), 1) };
  };
  return { clock: { ...systemClock, after }, due, runAll: () => due.splice(0).map(run => run()) };
}

test('other servers find us by TLS on a listener of their own, and read our version and keys', async t => {
  const { client, net, authority, identity } = testClient(t);
  const folder = folderFor(t);
  await using running = await start(folder, listening(writeCertificate(folder, authority.issue({ names: [NAME] }))));
  const url = running.listeners.find(({ name }) => name === 'servers')?.url ?? assert.fail('no such listener');
  assert.match(url, /^https:/);
  net.delegate(NAME, `${NAME}:${new URL(url).port}`);
  net.addresses[NAME] = ['127.0.0.1'];
  const get = (path: string) => client.request(NAME, { method: 'GET', path });
  assert.deepEqual(await get('/_matrix/federation/v1/version'), { server: { name: 'Copse', version: '1.2.3' } });
  assert.equal(readServerKeys(await get('/_matrix/key/v2/server'), NAME, systemClock.now(), identity.crypto).size, 1);
  assert.deepEqual(await get('/.well-known/matrix/server'), { 'm.server': `${NAME}:443` });
  await assert.rejects(get('/_matrix/client/versions'), /refused with 404/);
});

test('the listener for clients serves other servers too, behind a reverse proxy, unless federation is off', async t => {
  const statusOf = async (more: (config: Config) => Partial<Config>) => {
    await using running = await start(folderFor(t), more);
    assert.deepEqual(
      running.listeners.map(({ name }) => name),
      ['clients'],
    );
    return (await fetch(`${running.listeners[0]?.url}/_matrix/key/v2/server`)).status;
  };
  assert.equal(await statusOf(() => ({})), 200);
  assert.equal(await statusOf(config => ({ federation: { ...config.federation, enabled: false } })), 404);
});

test('without a certificate the listener speaks plain HTTP', async t => {
  await using running = await start(folderFor(t), listening({}));
  const url = running.listeners.find(({ name }) => name === 'servers')?.url ?? '';
  const answer = (await (await fetch(`${url}/_matrix/federation/v1/version`)).json()) as Json;
  assert.ok(isObject(answer) && getObject(answer, 'server') !== undefined);
});

test('a certificate without its key, or of no use, is refused in words', async t => {
  const folder = folderFor(t);
  const authority = new TestAuthority();
  const good = writeCertificate(folder, authority.issue({ names: [NAME] }));
  const other = join(folder, 'other.pem');
  writeFileSync(other, authority.issue({ names: [NAME] }).key);
  assert.throws(() => certificateFiles({ certificate: 'a.pem' }), TlsFileError);
  const cases = [
    { ...good, key: other },
    { ...good, certificate: good.key },
    { ...good, key: join(folder, 'missing') },
  ];
  for (const files of cases) {
    await assert.rejects(start(folderFor(t), listening(files)), (error: Error) => {
      assert.ok(error instanceof TlsFileError);
      assert.match(error.message, /listen\.federation|no certificate in PEM/);
      return true;
    });
  }
  assert.throws(() => readAuthorities([other]), /tls\.extra_ca/);
  assert.throws(() => readAuthorities([join(folder, 'missing')]), /tls\.extra_ca/);
});

test('a certificate that is out of date is warned of, and served all the same', async t => {
  const folder = folderFor(t);
  const authority = new TestAuthority();
  const warned: string[] = [];
  const note: Log = { ...silentLog, child: () => note, warn: message => warned.push(message) };
  const files = writeCertificate(folder, authority.issue({ names: [NAME], expired: true }));
  await using running = await start(folder, listening(files), systemClock, note);
  assert.ok(running.listeners.some(({ url }) => url.startsWith('https:')));
  const ofDates = () => warned.filter(message => /is good from \S+ to \S+: others refuse it/.test(message)).length;
  assert.equal(ofDates(), 1);
  const { clock, runAll } = handClock();
  using _ = followCertificate(files, { clock, log: note }, () => undefined);
  writeCertificate(folder, authority.issue({ names: ['one.example'] }));
  runAll();
  assert.equal(ofDates(), 1);
  writeCertificate(folder, authority.issue({ names: ['one.example', 'two.example'], expired: true }));
  utimesSync(files.certificate, 1, 1);
  runAll();
  assert.equal(ofDates(), 2);
});

test('a certificate that was renewed is taken up, one that is broken is not', t => {
  const folder = folderFor(t);
  const authority = new TestAuthority();
  const files = writeCertificate(folder, authority.issue({ names: ['one.example'] }));
  const { clock, due, runAll } = handClock();
  const taken: string[] = [];
  const following = followCertificate(files, { clock, log: silentLog }, ({ cert }) => taken.push(cert));
  runAll();
  assert.deepEqual(taken, []);
  writeFileSync(files.certificate, 'half of a certifica');
  runAll();
  assert.deepEqual(taken, []);
  const next = authority.issue({ names: ['two.example'] });
  writeCertificate(folder, next);
  runAll();
  assert.deepEqual(taken, [next.certificate]);
  following[Symbol.dispose]();
  assert.equal(due.length, 0);
});

test('connections after a renewal see the new certificate', async t => {
  const { client, net, authority } = testClient(t);
  const folder = folderFor(t);
  const files = writeCertificate(folder, authority.issue({ names: ['old.example'] }));
  const hand = handClock();
  await using running = await start(folder, listening(files), hand.clock);
  const port = new URL(running.listeners.find(({ name }) => name === 'servers')?.url ?? '').port;
  net.delegate(NAME, `${NAME}:${port}`);
  net.addresses[NAME] = ['127.0.0.1'];
  const version = () => client.request(NAME, { method: 'GET', path: '/_matrix/federation/v1/version' });
  await assert.rejects(version(), { stage: 'tls' });
  writeCertificate(folder, authority.issue({ names: [NAME] }));
  hand.runAll();
  assert.ok(await version());
});

test('old signing keys are read from the data folder, and a wrong line is an error', t => {
  const folder = folderFor(t);
  assert.deepEqual(readOldKeys(folder), []);
  const file = join(folder, 'old-signing-keys');
  const key = encodeBase64(new Uint8Array(32).fill(7));
  writeFileSync(file, `# from the former homeserver\n\ned25519:auto ${key} 1700000000000 # until the move\n`);
  assert.deepEqual(
    readOldKeys(folder).map(({ keyId, expiredTs }) => [keyId, expiredTs]),
    [['ed25519:auto', 1_700_000_000_000]],
  );
  for (const line of [`ed25519:auto ${key}`, `auto ${key} 1`, 'ed25519:auto AAAA 1', `ed25519:auto ${key} never`]) {
    writeFileSync(file, line);
    assert.throws(() => readOldKeys(folder), /line 1/);
  }
});
