import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EnvironmentSettings } from './environment.ts';
import { isHttpUrl, isRange, numberOf } from './kinds.ts';
import { type ConfigArgs, loadConfig } from './load.ts';
import { nearest } from './nearest.ts';
import { ConfigError, type Problem } from './problems.ts';
import { configExample, configReference } from './reference.ts';

const NO_ENVIRONMENT: Omit<EnvironmentSettings, 'supervised' | 'onBoard'> = {
  config: undefined,
  data: undefined,
  noColor: false,
};

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'copse-config-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function load(t: TestContext, yaml: string, args: ConfigArgs = {}) {
  const file = join(folder(t), 'my.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ config: file, ...args }, NO_ENVIRONMENT);
}

function problems(t: TestContext, yaml: string, args: ConfigArgs = {}): readonly Problem[] {
  try {
    load(t, yaml, args);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return assert.fail('the settings were taken');
}

test('with no file at all every key has its default', t => {
  const data = folder(t);
  const config = loadConfig({ data }, NO_ENVIRONMENT);
  assert.equal(config.data_dir, data);
  assert.equal(config.media.folder, join(data, 'media'));
  assert.equal(config.listen.client.host, '127.0.0.1');
  assert.equal(config.listen.client.port, 8008);
  assert.equal(config.memory, 256 * 2 ** 20);
  assert.equal(config.federation.retry.longest, 86_400_000);
  assert.equal(config.registration.mode, 'closed');
  assert.equal(config.server_name, undefined);
  assert.ok(config.rate_limits !== 'off' && config.rate_limits.message.burst > 0);
});

test('a name of a value that stands for nothing, or for too much, is said to be no YAML', t => {
  const [unresolved] = problems(t, 'server_name: *nobody\n');
  assert.match(unresolved?.reason ?? '', /^This is not YAML: .*nobody/);
  const laughs = [
    'a: &a [ha, ha, ha, ha]',
    ...'bcdefg'.split('').map((name, at) => {
      const before = 'abcdefg'[at];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`;
    }),
  ];
  assert.match(problems(t, `${laughs.join('\n')}\n`)[0]?.reason ?? '', /^This is not YAML: /);
});

test('what is wrong with one of several roles is said of the command', t => {
  const [wrong] = problems(t, 'cluster: { bus: "nats://10.0.0.5" }\n', { roles: 'sync,gardening' });
  assert.equal(wrong?.where, 'role');
  assert.match(wrong?.reason ?? '', /^cluster\.roles\[2\] cannot be "gardening"/);
});

test('a relay for calls needs its secret', t => {
  const [wrong] = problems(t, 'turn:\n  uris: ["turn:turn.example.org"]\n');
  assert.match(wrong?.where ?? '', /my\.yaml:2$/);
  assert.match(wrong?.remedy ?? '', /turn\.shared_secret/);
  assert.deepEqual(load(t, 'turn: { uris: ["turn:a.org"], shared_secret: s }\n').turn.uris, ['turn:a.org']);
});

test('several processes need PostgreSQL, and roles need several processes', t => {
  assert.throws(() => load(t, 'cluster: { bus: "nats://10.0.0.5" }\n'), /my\.yaml:1: SQLite has one process/);
  assert.throws(() => load(t, 'cluster: { roles: [push] }\n'), /my\.yaml:1: A process that does only some/);
  assert.throws(() => load(t, 'cluster: { roles: [gardening] }\n'), /one of client, sync/);
});

test('a file sets what it names and nothing else; paths count from its folder', t => {
  const config = load(
    t,
    `
server_name: example.org
data_dir: here
listen: { client: { port: 80 } }
default_room_version: 11
rate_limits: off
database: { url: "postgres://copse@10.0.0.5/copse" }
cluster: { bus: "nats://10.0.0.5,nats://10.0.0.6:4333", roles: [push, sync] }
tls:
  extra_ca: [ca.pem, /etc/other.pem]
media:
  max_upload: 1.5M
`,
  );
  assert.equal(config.server_name, 'example.org');
  assert.match(config.data_dir, /copse-config-.*\/here$/);
  assert.deepEqual(config.listen.client, { host: '127.0.0.1', port: 80 });
  assert.equal(config.default_room_version, '11');
  assert.equal(config.rate_limits, 'off');
  assert.deepEqual(config.cluster, { bus: 'nats://10.0.0.5,nats://10.0.0.6:4333', roles: ['push', 'sync'] });
  assert.match(config.tls.extra_ca[0] ?? '', /copse-config-.*\/ca\.pem$/);
  assert.equal(config.tls.extra_ca[1], '/etc/other.pem');
  assert.equal(config.media.max_upload, 1_572_864);
});

test('some rate limits can be set while the others keep their defaults', t => {
  const { rate_limits: limits } = load(t, 'rate_limits:\n  login: { burst: 3 }\n');
  assert.ok(limits !== 'off');
  assert.equal(limits.login.burst, 3);
  assert.equal(limits.login.per_second, 0.2);
  assert.equal(limits.message.burst, 50);
});

test('every problem is reported at once, with line, reason and remedy', t => {
  const found = problems(
    t,
    `server_name: "not a name"
listen:
  client:
    prot: 8008
    port: 99999
trusted_proxies:
  - 127.0.0.1
  - 300.1.2.3
media: lots
rate_limits:
  mesage: { burst: 1 }
cluster: { bus: "10.0.0.5:4222" }
`,
  );
  const lines = found.map(problem => Number(problem.where.split(':').at(-1))).sort((a, b) => a - b);
  assert.deepEqual(lines, [1, 4, 5, 8, 9, 11, 12]);
  const remedyFor = (line: number) => found.find(problem => problem.where.endsWith(`:${line}`))?.remedy;
  assert.equal(remedyFor(4), 'Did you mean port?');
  assert.equal(remedyFor(5), 'Write a whole number from 0 to 65535.');
  assert.match(remedyFor(8) ?? '', /CIDR|range/);
  assert.match(remedyFor(9) ?? '', /max_upload/);
  assert.equal(remedyFor(11), 'Did you mean message?');
  assert.match(remedyFor(12) ?? '', /nats:\/\//);
  for (const problem of found) assert.match(problem.where, /my\.yaml:\d+$/);
});

test('what is open to everybody at the old paths of media is all, nothing, or what was there before a day', t => {
  for (const value of ['all', 'none', '2026-12-31'])
    assert.equal(load(t, `media: { open_downloads: ${value} }\n`).media.open_downloads, value);
  for (const value of ['some', '2026-02-30', '2026-12', '31.12.2026']) {
    const [problem, ...others] = problems(t, `media:\n  open_downloads: ${value}\n`);
    assert.match(problem?.remedy ?? '', /2026-12-31/, value);
    assert.match(problem?.where ?? '', /my\.yaml:2$/);
    assert.equal(others.length, 0);
  }
});

test('text that is not YAML, a key given twice and a file that is not there are told with their place', t => {
  assert.match(problems(t, 'a: [1, 2\nb: 3\n')[0]?.where ?? '', /my\.yaml:[12]$/);
  assert.match(problems(t, 'presence: true\npresence: false\n')[0]?.where ?? '', /my\.yaml:2$/);
  assert.match(problems(t, '- a\n')[0]?.reason ?? '', /group of keys/);
  assert.throws(() => loadConfig({ config: '/nowhere/copse.yaml' }, NO_ENVIRONMENT), /cannot be read/);
});

test('options win over the file, the file over the environment, and a wrong option is called by its name', t => {
  const yaml = 'server_name: file.org\ndata_dir: /from-file\nlisten: { client: { port: 1000 } }\n';
  const config = load(t, yaml, { name: 'option.org', port: '2000', data: '/from-option' });
  assert.equal(config.server_name, 'option.org');
  assert.equal(config.listen.client.port, 2000);
  assert.equal(config.data_dir, '/from-option');
  assert.equal(load(t, yaml).data_dir, '/from-file');
  assert.equal(loadConfig({}, { ...NO_ENVIRONMENT, data: '/from-env' }).data_dir, '/from-env');
  assert.equal(problems(t, yaml, { port: 'eighty' })[0]?.where, '--port');
  assert.equal(problems(t, yaml, { registration: 'opne' })[0]?.where, '--registration');
});

test('copse.yaml in the data folder is read without being named', t => {
  const data = folder(t);
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'copse.yaml'), 'presence: true\n');
  const config = loadConfig({ data }, NO_ENVIRONMENT);
  assert.equal(config.presence, true);
  assert.equal(config.data_dir, data);
});

test('open registration needs a second word', t => {
  assert.match(problems(t, 'registration: { mode: open }')[0]?.remedy ?? '', /open_to_everybody/);
  assert.match(problems(t, 'mail: { from: a@b.example }')[0]?.remedy ?? '', /public_base_url/);
  assert.equal(load(t, 'mail: { from: a@b.example }\npublic_base_url: https://b.example').mail.port, 587);
  assert.equal(load(t, 'registration: { mode: open, open_to_everybody: true }').registration.mode, 'open');
  const args = { registration: 'open', openToEverybody: true };
  assert.equal(load(t, '', args).registration.open_to_everybody, true);
});

test('a certificate without its key and waits the wrong way round are refused', t => {
  assert.match(problems(t, 'listen: { federation: { certificate: a.pem } }')[0]?.remedy ?? '', /federation\.key/);
  assert.match(problems(t, 'federation: { retry: { initial: 2d } }')[0]?.reason ?? '', /shorter/);
});

test('sizes, durations, ranges and URLs', () => {
  assert.equal(numberOf('512K', 'bytes'), 524_288);
  assert.equal(numberOf('2G', 'bytes'), 2 ** 31);
  assert.equal(numberOf('7', 'bytes'), 7);
  assert.equal(numberOf('500ms', 'ms'), 500);
  assert.equal(numberOf('7d', 'ms'), 604_800_000);
  for (const good of ['10.0.0.0/8', '::1', 'fd00::/8', '1.2.3.4']) assert.ok(isRange(good), good);
  for (const bad of ['10.0.0.0/33', '10.0.0', 'fd00::/129', 'a', '1.2.3.4/8/8']) assert.ok(!isRange(bad), bad);
  assert.ok(isHttpUrl('https://example.org:8448/matrix'));
  for (const bad of ['example.org', 'ftp://example.org', 'https://example.org/?q']) assert.ok(!isHttpUrl(bad), bad);
});

test('a guess is made only when it is close', () => {
  assert.equal(nearest('server-name', ['server_name', 'data_dir']), 'server_name');
  assert.equal(nearest('colour', ['server_name', 'data_dir']), undefined);
});

test('every key of the example can be uncommented and is a valid setting', t => {
  const yaml = configExample()
    .split('\n')
    .slice(2)
    .map(line => line.replace(/^# /, ''))
    .join('\n');
  const config = load(t, yaml, { data: '/somewhere' });
  assert.deepEqual(config, loadConfig({ data: '/somewhere' }, NO_ENVIRONMENT));
});

test('docs/config.md and copse.example.yaml are what `./copse docs` writes', () => {
  const text = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  assert.equal(text('docs/config.md'), configReference());
  assert.equal(text('copse.example.yaml'), configExample());
});

test('policies are lists of groups, each there once and with one text a language', t => {
  const text = 'texts: [{ language: en, name: Terms, url: https://example.org/terms }]';
  const config = load(t, `terms: [{ name: terms, version: 1.2, ${text} }]`);
  assert.deepEqual(config.terms[0]?.texts[0], { language: 'en', name: 'Terms', url: 'https://example.org/terms' });
  assert.equal(config.terms[0]?.version, '1.2');
  const twice = problems(t, `terms: [{ name: a, version: 1, ${text} }, { name: a, version: 2, ${text} }]`);
  assert.match(twice[0]?.reason ?? '', /a is there twice/);
  assert.match(problems(t, 'terms: [{ name: a, version: 1, texts: [] }]')[0]?.reason ?? '', /has no text/);
  const [missing] = problems(t, `terms: [{ name: a, ${text} }]`);
  assert.match(missing?.reason ?? '', /terms\[1\]\.version cannot be nothing/);
  assert.match(problems(t, 'terms: { a: 1 }')[0]?.remedy ?? '', /a list of groups/);
  assert.match(
    problems(t, `terms: [{ name: a, version: 1, ${text.replace('https', 'ftp')} }]`)[0]?.remedy ?? '',
    /URL/,
  );
});
