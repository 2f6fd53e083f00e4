import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { sharedSettings } from './shared-settings.ts';

const NOTHING = { config: undefined, data: undefined, noColor: false, supervised: false, onBoard: false };

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'copse-shared-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** As `copse join` does. */
function unpack(to: string, files: ReturnType<typeof sharedSettings>): void {
  for (const { name, text } of files) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    writeFileSync(join(to, name), text);
  }
}

test('another board gets the settings without what is of this machine, and the files that they name', () => {
  using first = folder();
  using second = folder();
  writeFileSync(join(first.path, 'bridge.yaml'), 'id: irc\n');
  writeFileSync(join(first.path, 'ca.pem'), 'a certificate\n');
  writeFileSync(
    join(first.path, 'copse.yaml'),
    [
      'data_dir: .',
      'database: { url: "postgres://copse:secret@10.0.0.5/copse", connections: 40 }',
      'cluster: { bus: "nats://10.0.0.5:4222", process: first, roles: [client] }',
      'listen: { client: { host: 10.0.0.1, port: 8100 } }',
      'memory: 512M',
      'presence: true',
      'appservices: [bridge.yaml]',
      'tls: { extra_ca: [ca.pem] }',
    ].join('\n'),
  );
  const args = { data: first.path, registration: 'token', port: '9000' };
  unpack(second.path, sharedSettings(args, NOTHING));
  const theirs = loadConfig({ data: second.path }, NOTHING);
  const ours = loadConfig(args, NOTHING);
  assert.deepEqual(theirs.database, ours.database);
  assert.deepEqual(
    [theirs.cluster.bus, theirs.cluster.process, theirs.cluster.roles],
    ['nats://10.0.0.5:4222', undefined, []],
  );
  assert.deepEqual([theirs.presence, theirs.registration.mode], [true, 'token']);
  assert.deepEqual([theirs.listen.client.port, theirs.data_dir], [8008, second.path]);
  assert.notEqual(theirs.memory, ours.memory);
  assert.deepEqual(theirs.appservices, [join(second.path, 'settings-files/1-bridge.yaml')]);
  assert.deepEqual(theirs.tls.extra_ca, [join(second.path, 'settings-files/2-ca.pem')]);
});

test('what is handed on is what stands in the file by then', () => {
  using first = folder();
  const file = join(first.path, 'copse.yaml');
  writeFileSync(file, 'presence: false\n');
  const settings = () => sharedSettings({ data: first.path }, NOTHING).find(({ name }) => name === 'copse.yaml')?.text;
  assert.match(settings() ?? '', /presence: false/);
  writeFileSync(file, 'presence: true\n');
  assert.match(settings() ?? '', /presence: true/);
});

test('a file that is named and cannot be read is no setting that is silently left out', () => {
  using first = folder();
  writeFileSync(join(first.path, 'copse.yaml'), 'appservices: [gone.yaml]\n');
  assert.throws(() => sharedSettings({ data: first.path }, NOTHING), /ENOENT/);
});
